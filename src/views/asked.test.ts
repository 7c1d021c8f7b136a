import { describe, expect, it } from 'vitest';
import type { Seen } from '../retrieval/ask';
import { answerText, packedText } from './asked';

const seen = (title: string, relevance: number | null, read: boolean): Seen => ({
  ...{ id: title, title, text: `text of ${title}` },
  ...{ found: 1, score: 1, relevance, read },
});

describe('an answer', () => {
  it('says where the re-ranker thinks that no passage holds it', () => {
    const doubtful = { passages: [seen('A', 0.004, true), seen('B', 0.0049, true)], answer: 'Noah' };
    expect(answerText(doubtful)).toBe(
      'Noah\n(no passage is likely to hold the answer: the re-ranker gives the best of them 0.5%)',
    );
    expect(answerText({ ...doubtful, passages: [seen('A', 0.004, true), seen('B', 0.01, false)] })).toBe('Noah');
    expect(answerText({ ...doubtful, passages: [seen('A', null, true)] })).toBe('Noah');
  });

  it('stands beside the very passages that were read', () => {
    const passages = [seen('B', 0.9, true), seen('A', 0.5, true), seen('C', 0.1, false)];
    expect(packedText({ passages })).toBe('B: text of B\nA: text of A');
  });
});
