import { describe, expect, it } from 'vitest';
import { mixSeeds, randomFrom } from '../random';
import { balancedPairs, type Pair } from './balance';

const random = randomFrom(11);
const pair = (first: number, second: number, overlap: number): Pair => ({
  first,
  second,
  bin: Math.min(9, Math.floor(overlap * 10)),
  order: mixSeeds(first, second),
});
/** 400 texts: their own overlap is high, that with others low, and texts from 300 on have neighbours only. */
const positives = Array.from({ length: 400 }, (_, text) => pair(text, text, 0.2 + 0.6 * random()));
const negatives = positives.flatMap(({ first }) =>
  Array.from({ length: 30 }, (_, step) => pair(first, (first + step + 1) % 400, random() * 0.6)),
);

describe('balancedPairs', () => {
  const pairs = balancedPairs(positives, negatives, 10);
  const same = pairs.filter(({ first, second }) => first === second);
  const different = pairs.filter(({ first, second }) => first !== second);

  it('keeps as many positives as negatives in every bin', () => {
    expect(same.length).toBeGreaterThan(50);
    for (let bin = 0; bin < 10; bin++) {
      expect(different.filter((kept) => kept.bin === bin)).toHaveLength(same.filter((kept) => kept.bin === bin).length);
    }
  });

  it('uses a text once at most on each side of the negatives', () => {
    expect(new Set(different.map(({ first }) => first)).size).toBe(different.length);
    expect(new Set(different.map(({ second }) => second)).size).toBe(different.length);
  });

  it('takes most texts in both classes', () => {
    const kept = new Set(same.map(({ first }) => first));
    const shared = different.filter(({ first, second }) => kept.has(first) && kept.has(second)).length;
    expect(shared / different.length).toBeGreaterThan(0.7);
  });

  it('gives nothing for nothing', () => expect(balancedPairs(positives, [], 10)).toEqual([]));
});
