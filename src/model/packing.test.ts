import { describe, expect, it } from 'vitest';
import { commonGrids, packSequences, quarters, rowsNeeded } from './packing';

const sequence = (
  length: number,
  first = 3,
): { readonly ids: readonly number[]; readonly types: readonly number[] } => ({
  ids: Array.from({ length }, (_, i) => first + i),
  types: new Array<number>(length).fill(0),
});

describe('grids', () => {
  const batches = [
    [3, 5, 9, 12, 14, 17, 30, 33],
    [4, 4, 10, 10, 18, 15, 20, 39],
  ];

  it('fit a quarter of every batch each', () => {
    expect(commonGrids(batches, 40)).toEqual([8, 16, 24, 40]);
    expect(commonGrids(batches, 39)).toEqual([8, 16, 24, 39]);
  });

  it('are one where several save nothing or the batch has no quarters', () => {
    const alike = [[7, 8, 8, 8]];
    expect(commonGrids(alike, 8)).toEqual([8]);
    expect(quarters(alike, 8)).toEqual([8, 8, 8, 8]);
    expect(commonGrids([[3, 9, 20]], 24)).toEqual([24]);
  });

  it('say where every row and every position stands', () => {
    const packed = packSequences([sequence(2), sequence(1), sequence(3), sequence(4)], {
      lengths: [2, 4],
      size: 11,
      prompt: 0,
    });
    expect(packed.grids).toEqual([
      { size: 2, length: 2 },
      { size: 2, length: 4 },
    ]);
    expect([...packed.keys]).toEqual([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1]);
    expect([...packed.rows]).toEqual([0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 3]); // the last is a filler
    expect([...packed.starts]).toEqual([0, 0, 2, 4, 4, 4, 8, 8, 8, 8, 2]);
    expect([...packed.spans]).toEqual([2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 2]);
    expect([...packed.back]).toEqual([0, 1, 2, 10, 3, 4, 5, 10, 6, 7, 8, 9]);
  });

  it('need as many rows as tokens and one for padding', () => {
    expect(rowsNeeded([2, 1, 3, 4], [2, 4])).toBe(11);
    expect(rowsNeeded([2, 2, 4, 4], [2, 4])).toBe(12);
  });

  it('refuse what they do not hold', () => {
    expect(() =>
      packSequences([sequence(2), sequence(1), sequence(3)], { lengths: [2, 4], size: 8, prompt: 0 }),
    ).toThrow('3 sequences do not fill 2 grids evenly');
    expect(() => packSequences([sequence(2), sequence(2)], { lengths: [4], size: 3, prompt: 0 })).toThrow(
      '4 tokens do not fit 3 rows',
    );
  });
});
