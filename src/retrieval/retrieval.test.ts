import { describe, expect, it } from 'vitest';
import { best, nearest, union } from './dense';
import { buildLexical, openLexical } from './lexical';
import { pack } from '../tasks/collections/pack';
import { demandQuestion } from './retrieve';

const passages = [
  { id: 'a', title: 'One', text: 'The ark was built by Noah before the waters came.' },
  { id: 'b', title: 'Two', text: 'Moses went up the mountain.' },
  { id: 'c', title: 'Three', text: 'He was building a house on the mountain, and building a wall.' },
];

describe('finding', () => {
  it('ranks passages by the stems of their words, and the same after it was written and read', () => {
    const lexical = buildLexical(passages);
    expect(lexical.search('Who builds an ark?', 3).map(({ place }) => place)).toEqual([2, 0]); // "building" twice
    expect(lexical.search('mountains', 5).map(({ place }) => place)).toEqual([1, 2]); // the shorter passage first
    expect(lexical.search('buildings', 5).map(({ place }) => place)).toEqual([2]);
    expect(openLexical(lexical.written()).search('mountains', 5)).toEqual(lexical.search('mountains', 5));
    expect(lexical.search('xylophone', 5)).toEqual([]);
  });

  it('takes the largest cosines of all vectors, largest first', () => {
    const vectors = Float32Array.from([1, 0, 0, 1, 0.6, 0.8, -1, 0]);
    const found = nearest({ vectors, width: 2 }, [0.8, 0.6], 3);
    expect(found.map(({ place }) => place)).toEqual([2, 0, 1]);
    expect(found[0]?.score).toBeCloseTo(0.96, 6);
    const scores = Array.from({ length: 200 }, (_, i) => (i * 37) % 101);
    const sorted = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
    expect(best(scores, 20).map(({ place }) => place)).toEqual(sorted.slice(0, 20));
  });

  it('makes one ranking of two by the ranks alone', () => {
    const hits = (...places: readonly number[]): readonly { place: number; score: number }[] =>
      places.map((place, i) => ({ place, score: 100 - i }));
    const one = union([hits(5, 7, 9), hits(9, 5)], 3);
    expect(one.map(({ place }) => place)).toEqual([5, 9, 7]);
    expect(one[0]?.score).toBeCloseTo(1 / 61 + 1 / 62, 12);
  });
});

describe('packing', () => {
  const tokens = (place: number): number => [30, 50, 10, 5][place] ?? 0;

  it('takes passages in their order until the next one does not fit', () => {
    expect(pack([2, 0, 1, 3], tokens, { window: 60 })).toEqual({ places: [2, 0], tokens: 40 });
    expect(pack([2, 0, 1, 3], tokens, { window: 95 })).toEqual({ places: [2, 0, 1, 3], tokens: 95 });
    expect(pack([2, 0, 1, 3], tokens, { window: 95, most: 2 })).toEqual({ places: [2, 0], tokens: 40 });
    expect(pack([1, 2], tokens, { window: 49 })).toEqual({ places: [], tokens: 0 });
  });
});

describe('a question', () => {
  it('is refused where it is empty, says nothing, or is longer than what reads it', () => {
    expect(demandQuestion('  Who built the ark? ')).toBe('Who built the ark?');
    expect(() => demandQuestion('')).toThrow('the question is empty');
    expect(() => demandQuestion(' ?! ')).toThrow('the question is empty');
    const reader = { longest: 256, tokens: (text: string) => text.split(/[\s,]+/).length };
    const long = `why ${'word,'.repeat(700)}so`;
    expect(() => demandQuestion(long, reader)).toThrow('the question has 702 tokens and the encoder reads 256');
    // letters without a space are one unknown token to the encoder
    expect(() => demandQuestion('a'.repeat(12_000))).toThrow('the question has 12000 characters: ask in at most 4000');
    expect(demandQuestion(' why? ', reader)).toBe('why?');
  });
});
