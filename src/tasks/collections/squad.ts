import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, type Schema } from '../../json';
import { packageFolder } from '../../packages/content';
import { hashOf, splitOf } from '../split';
import { normalText } from '../text';
import type { Collection, CollectionTexts, Passage, Question } from './collection';

/** The package that has SQuAD's development set and its shifts; brought on request. */
const PACKAGE = 'bigbench-squad';
const files = ['squaddev_v1.1', 'new_wiki_v1.0', 'nyt_v1.0', 'reddit_v1.0', 'amazon_reviews_v1.0'] as const;

/** Contexts and questions that people asked on them (Rajpurkar et al. 2016; Miller et al. 2020). */
export const squadShifts: Collection = {
  name: 'squad-shifts',
  about: 'contexts of SQuAD and its shifts (encyclopedia, news, Reddit, reviews), questions asked by people',
  packages: [PACKAGE],
  asked: (question) => question,
  load: () =>
    Promise.resolve().then(() => {
      const folder = packageFolder(PACKAGE);
      const read = (name: string): SquadFile =>
        readJson(join(folder, `${name}.json`), fileIn, `bring the package anew with petl fetch ${PACKAGE}`);
      return squadTexts(files.map((name) => [name, read(name).data]));
    }),
};

interface SquadFile {
  readonly data: readonly Article[];
}
interface Article {
  readonly title?: string | undefined;
  readonly paragraphs: readonly {
    readonly context: string;
    readonly qas: readonly {
      readonly id: string;
      readonly question: string;
      readonly answers: readonly { readonly text: string }[];
    }[];
  }[];
}

const fileIn: Schema<SquadFile> = v.looseObject({
  data: v.array(
    v.looseObject({
      title: v.optional(v.string()),
      paragraphs: v.array(
        v.looseObject({
          context: v.string(),
          qas: v.array(
            v.looseObject({
              id: v.string(),
              question: v.string(),
              answers: v.array(v.looseObject({ text: v.string() })),
            }),
          ),
        }),
      ),
    }),
  ),
});

/**
 * Contexts that differ in more than looks, each once, and the questions that have an answer. Divided by article, by
 * context where a file is one article, in the order of the ids' hashes.
 */
export function squadTexts(all: readonly (readonly [file: string, articles: readonly Article[]])[]): CollectionTexts {
  const passages = new Map<string, Passage>();
  const questions = new Map<string, Question>();
  for (const [file, articles] of all)
    for (const [at, { title, paragraphs }] of articles.entries())
      for (const [place, { context, qas }] of paragraphs.entries()) {
        const text = plain(context);
        const key = normalText(text);
        const id = passages.get(key)?.id ?? `${file}.${at}.${place}`;
        if (!passages.has(key)) passages.set(key, { id, title: titleOf(title, file), text });
        const group = articles.length > 1 ? `squad ${file} ${at}` : `squad ${key}`;
        for (const question of qas) {
          const answers = [...new Set(question.answers.map((answer) => plain(answer.text)))].filter((a) => a !== '');
          const asked = { id: question.id, text: plain(question.question), answers, gold: id, split: splitOf(group) };
          if (answers.length > 0 && asked.text !== '') questions.set(question.id, asked);
        }
      }
  return {
    passages: [...passages.values()],
    questions: [...questions.values()].sort((a, b) => (hashOf(a.id) < hashOf(b.id) ? -1 : 1)),
  };
}

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Addresses of web pages are no titles. */
function titleOf(title: string | undefined, file: string): string {
  return title === undefined || /^https?:|^$/.test(title) ? (file.split('_')[0] ?? file) : title.replace(/_/g, ' ');
}
