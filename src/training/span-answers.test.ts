import { describe, expect, it } from 'vitest';
import { randomFrom } from '../random';
import { bestSpan } from './span-answers';

describe('the best span', () => {
  it('is the best of all allowed ones', () => {
    const random = randomFrom(5);
    for (let round = 0; round < 20; round++) {
      const [starts, ends] = [0, 1].map(() => Array.from({ length: 45 }, () => random() * 4)) as [number[], number[]];
      const all = starts.flatMap((start, first) =>
        ends.flatMap((end, last) => (last >= first && last - first < 30 ? [{ first, last, logit: start + end }] : [])),
      );
      const best = all.reduce((a, b) => (b.logit > a.logit ? b : a));
      expect(bestSpan(starts, ends)).toEqual(best);
    }
  });

  it('never ends before it begins, nor after 30 tokens', () => {
    const peak = (at: number): number[] => Array.from({ length: 50 }, (_, i) => (i === at ? 9 : 0));
    expect(bestSpan(peak(10), peak(4))).toEqual({ first: 0, last: 4, logit: 9 });
    expect(bestSpan(peak(3), peak(40))).toEqual({ first: 3, last: 3, logit: 9 });
    expect(bestSpan(peak(3), peak(32))).toEqual({ first: 3, last: 32, logit: 18 });
  });
});
