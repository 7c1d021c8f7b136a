import { describe, expect, it } from 'vitest';
import { percentileBands } from './percentiles';
import { quantileOf } from './quantile';

describe('percentile bands', () => {
  it('show the median and the 20th and 80th percentile of each place', () => {
    expect([0.2, 0.5, 0.8].map((q) => quantileOf([5, 1, 3, 2, 4, 6], q))).toEqual([2, 3.5, 5]);
    const drawn = percentileBands(
      [
        { line: 'adapters', x: 100, values: [-1, -2, -3, -4, -5, -6] },
        { line: 'adapters', x: 10, values: [-2] },
        { line: 'top layers', x: 1000, values: [] },
      ],
      { name: 'trade-off', title: 'Trade-off', x: 'trained', y: 'points', log: true },
    );
    expect(drawn.numbers).toEqual([
      { line: 'adapters', x: 10, low: -2, middle: -2, high: -2, count: 1 },
      { line: 'adapters', x: 100, low: -5, middle: -3.5, high: -2, count: 6 },
    ]);
  });
});
