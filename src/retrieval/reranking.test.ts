import { describe, expect, it } from 'vitest';
import { bestFirst } from './rerank';
import { chosenWeight, type Judged } from './reranking';

describe('passages in order', () => {
  it('are as they were found, by relevance alone, or by both', () => {
    const relevance = [0.5, 0.2, 0.9];
    expect(bestFirst(relevance, null)).toEqual([0, 1, 2]);
    expect(bestFirst(relevance, 0)).toEqual([2, 0, 1]);
    // log-odds 0, -1.39, 2.20; ln of the ranks 0, 0.69, 1.10: the third leads by 2.20 - 1.10 w
    expect(bestFirst(relevance, 1.9)).toEqual([2, 0, 1]);
    expect(bestFirst(relevance, 2.1)).toEqual([0, 2, 1]);
    expect(bestFirst([1, 1, 0, 0], 0)).toEqual([0, 1, 2, 3]); // equal ones as they came
  });

  it('are left as found where no re-ranking does better on validation', () => {
    const wrong: Judged[] = [
      { relevance: [0.1, 0.9], gold: 0 },
      { relevance: [0.2, 0.8], gold: 0 },
    ];
    const { weight, validation } = chosenWeight(wrong);
    expect(weight).toBeNull();
    expect(validation.found).toEqual({ reciprocalRank: 1, first: 2, firstFour: 2 });
    expect(validation.tried.find((one) => one.weight === 0)).toEqual({
      weight: 0,
      reciprocalRank: 0.5,
      first: 0,
      firstFour: 2,
    });
  });

  it('are weighed as validation says, questions whose passage was not found counted', () => {
    const judged: Judged[] = [
      { relevance: [0.3, 0.9], gold: 1 },
      { relevance: [0.6, 0.7], gold: 0 },
      { relevance: [0.6, 0.7], gold: -1 },
    ];
    const { weight, validation } = chosenWeight(judged);
    // The first needs ln 2 w < 3.04, the second ln 2 w > 0.44: of the weights tried 1 is the first between them.
    expect(weight).toBe(1);
    const [best] = validation.tried.filter((one) => one.weight === 1);
    expect(best?.reciprocalRank).toBeCloseTo(2 / 3, 12);
    expect(validation.found.reciprocalRank).toBeCloseTo(0.5, 12);
  });
});
