import { describe, expect, it } from 'vitest';
import { belowOf, leastRelevance } from './no-answer';
import type { Judged } from './reranking';

const one = (gold: number, ...relevance: readonly number[]): Judged => ({ relevance, gold });

describe('the least relevance of an answer', () => {
  it('tells questions from the same without their passage as often as it can, and lets pass what it need not stop', () => {
    const judged = [one(0, 0.9, 0.1), one(1, 0.2, 0.8), one(0, 0.6, 0.05), one(-1, 0.99)];
    // Without: 0.1, 0.2, 0.05. With: 0.9, 0.8, 0.6: every threshold from above 0.2 to 0.6 tells all six.
    expect(leastRelevance(judged)).toEqual({ least: 0.6, questions: 3, below: { with: 0, without: 3 } });
    expect(belowOf(judged, 0.85)).toEqual({ least: 0.85, questions: 3, below: { with: 2, without: 3 } });
  });

  it('gives up what costs more than it tells', () => {
    const judged = [one(0, 0.9, 0.7), one(0, 0.8, 0.1), one(0, 0.2, 0.1), one(0, 0.1, 0.05)];
    // At 0.2 three without are below (0.1, 0.1, 0.05) and one with; at 0.8 all four and two: no better.
    expect(leastRelevance(judged)).toEqual({ least: 0.2, questions: 4, below: { with: 1, without: 3 } });
  });

  it('is none where a passage taken out leaves as good a one', () => {
    expect(leastRelevance([one(0, 0.5, 0.5)])).toEqual({ least: 0, questions: 1, below: { with: 0, without: 0 } });
    expect(leastRelevance([])).toEqual({ least: 0, questions: 0, below: { with: 0, without: 0 } });
  });
});
