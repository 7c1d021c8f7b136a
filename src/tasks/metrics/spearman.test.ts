import { describe, expect, it } from 'vitest';
import { pearson, pearsonShares, spearman, spearmanShares } from './spearman';

const x = [0.1, 3.2, 2.2, 2.2, 5.0, -1.5, 2.2, 0.1];
const y = [1, 2, 2, 3, 5, 0, 4, 1];

describe('correlations', () => {
  it('equal scipy, ties included', () => {
    // scipy 1.17.1: spearmanr(x, y).statistic, pearsonr(x, y).statistic
    expect(spearman(x, y)).toBeCloseTo(0.8572916996864853, 13);
    expect(pearson(x, y)).toBeCloseTo(0.8803696122357083, 13);
  });

  it('are the mean of what each example shares', () => {
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(spearmanShares(x, y))).toBeCloseTo(spearman(x, y), 13);
    expect(mean(pearsonShares(x, y))).toBeCloseTo(pearson(x, y), 13);
    expect(spearmanShares([2, 2, 2], [1, 2, 3])).toEqual([0, 0, 0]);
  });

  it('see order alone, or also distance', () => {
    expect(spearman([1, 2, 3, 1000], [1, 2, 3, 4])).toBeCloseTo(1, 14);
    expect(spearman([4, 3, 2, 1], [1, 2, 3, 4])).toBeCloseTo(-1, 14);
    expect(pearson([1, 2, 3, 1000], [1, 2, 3, 4])).toBeLessThan(0.8);
  });

  it('are 0 for a constant side and refuse nothing', () => {
    expect(spearman([2, 2, 2], [1, 2, 3])).toBe(0);
    expect(() => spearman([], [])).toThrow(/nothing to score/);
  });
});
