import { describe, expect, it } from 'vitest';
import { generationBaselines, textScores } from './baselines';

const example = (text: string, target: string): { id: string; text: string; target: string } => ({
  id: text,
  text,
  target,
});
const train = [
  example('red apples grow on trees', 'apples, red'),
  example('blue fish swim in rivers', 'fish in blue'),
  example('old towns', 'old, very old'),
];
const test = [example('Blue, fish swim far away', 'Fish swimming, blue')];
const rows = new Map(generationBaselines({ train, validation: [], test }).map(({ name, outputs }) => [name, outputs]));

describe('generationBaselines', () => {
  it('copies, cuts, looks up and reads out', () => {
    expect(rows.get('copy')).toEqual(['Blue, fish swim far away']);
    expect(rows.get('lead')).toEqual(['Blue, fish swim']);
    expect(rows.get('nearest')).toEqual(['fish in blue']);
    expect(rows.get('oracle')).toEqual(['Fish blue']);
  });
});

describe('textScores', () => {
  it('is full for the targets themselves and 0 for nothing', () => {
    const targets = ['one two three four five'];
    expect(textScores(targets, targets).bleu).toBeCloseTo(100, 10);
    expect(textScores(targets, targets).chrf).toBeCloseTo(100, 10);
    expect(textScores(targets, targets)).toMatchObject({ rouge1: 1, rouge2: 1, rougeL: 1, rougeLsum: 1 });
    expect(textScores([''], targets)).toEqual({ bleu: 0, chrf: 0, rouge1: 0, rouge2: 0, rougeL: 0, rougeLsum: 0 });
  });
});
