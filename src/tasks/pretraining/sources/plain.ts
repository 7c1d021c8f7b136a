import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, recordOf } from '../../../json';
import { actKey, articleKey, conversationKey } from '../../groups';
import { plainUtterance } from '../../shipped/acts-to-text';
import { sentences, type Passage } from '../documents';

/** The first paragraph after the title is a document of its own, apart from the article that it sums up. */
export function newsDocuments(folder: string): readonly Passage[] {
  const topics = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return topics.flatMap((topic) =>
    readdirSync(join(folder, topic))
      .sort()
      .flatMap((file): readonly Passage[] => {
        const [title = '', lead = '', ...rest] = readFileSync(join(folder, topic, file), 'utf8')
          .replace(/\uFFFD/g, '£')
          .split('\n')
          .map((line) => line.replace(/\s+/g, ' ').trim())
          .filter((line) => line !== '');
        const article = { kind: 'text', language: 'en', group: articleKey(topic, file) } as const;
        return [
          { ...article, source: 'news', texts: [title, ...rest].flatMap(sentences) },
          { ...article, source: 'news-leads', texts: sentences(lead) },
        ];
      }),
  );
}

const again = 'bring the package anew with petl fetch';
const conversationsIn = recordOf(v.looseObject({ messages: v.array(v.array(v.looseObject({ text: v.string() }))) }));

export function conversationDocuments(path: string): readonly Passage[] {
  const conversations = Object.entries(readJson(path, conversationsIn, again));
  return conversations.map(([id, { messages }]) => ({
    kind: 'text',
    source: 'conversations',
    language: 'en',
    group: conversationKey(id),
    texts: messages.flat().map(({ text }) => text.replace(/\s+/g, ' ').trim()),
  }));
}

/** `word: definition` of every synset; the examples in quotes stay. */
export function definitionDocuments(folder: string): readonly Passage[] {
  return ['noun', 'verb', 'adj', 'adv'].flatMap((kind) =>
    readFileSync(join(folder, `data.${kind}`), 'utf8')
      .split('\n')
      .flatMap((line): readonly Passage[] => {
        const [, offset, word, gloss] = /^(\d{8}) \d\d \w [0-9a-f]{2} (\S+) .*? \| (.*)$/.exec(line) ?? [];
        if (!offset || !word || !gloss) return [];
        const text = `${word.replace(/_/g, ' ').replace(/\(\w+\)$/, '')}: ${gloss.trim()}`;
        return [
          { kind: 'text', source: 'definitions', language: 'en', group: `synset ${kind} ${offset}`, texts: [text] },
        ];
      }),
  );
}

const actsIn = recordOf(recordOf(v.array(v.string())));

/** Utterances of MultiWOZ with `[name]` for a slot's value, divided by dialogue act and slots. */
export function actDocuments(folder: string): readonly Passage[] {
  return ['system', 'user'].flatMap((side) => {
    const acts = readJson(join(folder, `auto_${side}_template_nlg.json`), actsIn, again);
    return Object.entries(acts).flatMap(([act, slots]) =>
      Object.entries(slots).flatMap(([names, utterances]) =>
        utterances.map((utterance): Passage => ({
          kind: 'text',
          source: 'acts',
          language: 'en',
          group: actKey(act, names),
          texts: sentences(plainUtterance(utterance)),
        })),
      ),
    );
  });
}
