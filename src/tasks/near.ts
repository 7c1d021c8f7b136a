import { wordsOf } from './overlap';
import type { Example, TaskData } from './task';

/** Two texts that share at least this part of all their distinct words are near duplicates. */
const NEAR = 0.8;

/**
 * The data without the training examples that are near a validation or test example, and without the validation
 * examples that are near a test example: what is scored stays as it is.
 */
export function withoutNear<E extends Example>({ train, validation, test }: TaskData<E>): TaskData<E> {
  const kept = apartFrom(test, validation);
  return { train: apartFrom([...test, ...kept], train), validation: kept, test };
}

/** Those of `examples` that are near none of `others`. */
function apartFrom<E extends Example>(others: readonly E[], examples: readonly E[]): readonly E[] {
  const sets = others.map(wordSet);
  const mine = examples.map(wordSet);
  const rarity = counts([...sets, ...mine]);
  const places = new Map<string, number[]>();
  sets.forEach((words, i) => {
    for (const word of probes(words, rarity)) (places.get(word) ?? inserted(places, word)).push(i);
  });
  const met = new Int32Array(sets.length).fill(-1); // the last example that each was compared with
  return examples.filter((_, i) => {
    const words = mine[i] as ReadonlySet<string>;
    const isNearTo = (other: number): boolean => {
      if (met[other] === i) return false;
      met[other] = i;
      return isNear(words, sets[other] as ReadonlySet<string>);
    };
    return !probes(words, rarity).some((word) => places.get(word)?.some(isNearTo) ?? false);
  });
}

/** Texts of one or two words are no duplicates of each other for sharing them: those that are equal were dropped before. */
function wordSet({ text, pair }: Example): ReadonlySet<string> {
  return new Set(wordsOf(`${text} ${pair ?? ''}`));
}

function isNear(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const least = (NEAR / (1 + NEAR)) * (a.size + b.size) - 1; // one below what they must share, for what is rounded
  let [both, most] = [0, a.size];
  for (const word of a) {
    if (b.has(word)) both++;
    else if (--most < least) return false;
  }
  return both > 0 && both >= NEAR * (a.size + b.size - both);
}

function counts(sets: readonly ReadonlySet<string>[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const set of sets) for (const word of set) found.set(word, (found.get(word) ?? 0) + 1);
  return found;
}

/** The rarest words of a text, as many that a text near to it has at least one of its own among them. */
function probes(words: ReadonlySet<string>, rarity: ReadonlyMap<string, number>): readonly string[] {
  const ranked = [...words].map((word) => ({ word, count: rarity.get(word) ?? 0 }));
  ranked.sort((a, b) => a.count - b.count || (a.word < b.word ? -1 : 1));
  return ranked.slice(0, words.size - Math.ceil(NEAR * words.size) + 1).map(({ word }) => word);
}

function inserted(places: Map<string, number[]>, word: string): number[] {
  const list: number[] = [];
  places.set(word, list);
  return list;
}
