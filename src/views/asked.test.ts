import { describe, expect, it } from 'vitest';
import type { Seen } from '../retrieval/ask';
import { answerText, packedText } from './asked';

const seen = (title: string, relevance: number | null, read: boolean): Seen => ({
  ...{ id: title, title, text: `text of ${title}` },
  ...{ found: 1, score: 1, relevance, read },
});

describe('an answer', () => {
  it('says where no passage is as relevant as those that answer mostly are', () => {
    const doubtful = { passages: [seen('A', 0.004, true), seen('B', 0.49, true)], answer: 'Noah', least: 0.5 };
    expect(answerText(doubtful)).toBe(
      'Noah\n(the collection may well not answer this: its best passage has relevance 0.490, and where one answers it is mostly at least 0.500)',
    );
    expect(answerText({ ...doubtful, least: 0.49 })).toBe('Noah');
    expect(answerText({ ...doubtful, passages: [seen('A', null, true)], least: null })).toBe('Noah');
  });

  it('stands beside the very passages that were read', () => {
    const passages = [seen('B', 0.9, true), seen('A', 0.5, true), seen('C', 0.1, false)];
    expect(packedText({ passages })).toBe('B: text of B\nA: text of A');
  });
});
