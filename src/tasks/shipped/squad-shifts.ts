import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, whole, type Schema } from '../../json';
import { packageFolder } from '../../packages/content';
import { spanTask, type SpanExample, type SpanTask } from '../answer-spans';
import { withoutNear } from '../near';
import { hashOf, splitOf } from '../split';
import type { TaskData } from '../task';

/** Questions over other texts (Miller et al. 2020), which are learned from and chosen on. */
const shifts = ['new_wiki_v1.0.json', 'nyt_v1.0.json', 'reddit_v1.0.json', 'amazon_reviews_v1.0.json'] as const;
/** SQuAD's own development set, which is scored. */
const dev = 'squaddev_v1.1.json';

/**
 * SQuAD 1.1 without its training set: the answer to a question as a part of a paragraph, learned from new questions over
 * Wikipedia, news, Reddit and reviews, and scored on SQuAD's development set.
 */
export const squadShifts: SpanTask = spanTask({
  name: 'squad-shifts',
  about: "questions with answers in paragraphs of four kinds, scored on SQuAD's development set",
  packages: ['bigbench-squad'],
  print: {
    train: { count: 12000, hash: '534b3192b16cefc6' },
    validation: { count: 1000, hash: '5de3884dd36b4218' },
    test: { count: 2000, hash: '3bf936418d424b40' },
  },
  load: () =>
    Promise.resolve().then(() =>
      shiftData(
        shifts.map((file) => [file, read(file)]),
        read(dev),
      ),
    ),
});

interface Paragraph {
  readonly context: string;
  readonly qas: readonly {
    readonly id: string;
    readonly question: string;
    readonly answers: readonly { readonly text: string; readonly answer_start: number }[];
  }[];
}

const answers = v.array(v.looseObject({ text: v.string(), answer_start: whole }));
const paragraphs = v.array(
  v.looseObject({
    context: v.string(),
    qas: v.array(v.looseObject({ id: v.string(), question: v.string(), answers })),
  }),
);
type Articles = readonly { readonly title: string; readonly paragraphs: readonly Paragraph[] }[];
const fileIn: Schema<{ readonly data: Articles }> = v.looseObject({
  data: v.array(v.looseObject({ title: v.string(), paragraphs })),
});

function read(file: string): Articles {
  return readJson(join(packageFolder('bigbench-squad'), file), fileIn, 'bring the package anew with petl fetch').data;
}

/** Articles are not divided; a paragraph of the shifts that is near one of the development set leaves. */
export function shiftData(
  files: readonly (readonly [file: string, articles: Articles])[],
  scored: Articles,
): TaskData<SpanExample> {
  const learned = files.flatMap(([file, articles]) =>
    articles.flatMap((article) => {
      const split = splitOf(`squad ${file} ${article.title}`) === 'validation' ? 'validation' : 'train';
      return examplesOf(article).map((example) => ({ split, example }) as const);
    }),
  );
  const part = (split: 'train' | 'validation', most: number): readonly SpanExample[] =>
    inOrder(learned.flatMap((one) => (one.split === split ? [one.example] : []))).slice(0, most);
  return withoutNear({
    train: part('train', 12_000),
    validation: part('validation', 1000),
    test: inOrder(scored.flatMap(examplesOf)).slice(0, 2000),
  });
}

function inOrder(examples: readonly SpanExample[]): readonly SpanExample[] {
  return examples
    .map((example) => ({ example, hash: hashOf(`squad-shifts ${example.id}`) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ example }) => example);
}

/** Places are counted in code points there, in UTF-16 units here; an answer that does not stand where it should is none. */
function examplesOf({ paragraphs: parts }: Articles[number]): readonly SpanExample[] {
  return parts.flatMap(({ context, qas }) => {
    const letters = [...context];
    const unitsTo = (at: number): number =>
      letters.length === context.length ? at : letters.slice(0, at).join('').length;
    return qas.flatMap(({ id, question, answers: given }): readonly SpanExample[] => {
      const placed = given.map(({ text, answer_start: at }) => ({ text, start: unitsTo(at) }));
      const right = placed.filter(({ text, start }) => text.trim() !== '' && context.startsWith(text, start));
      return right.length === 0 || question.trim() === ''
        ? []
        : [{ id, text: question.trim(), pair: context, answers: right }];
    });
  });
}
