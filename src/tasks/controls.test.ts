import { describe, expect, it } from 'vitest';
import { majority, oneTextOnly, overlapThreshold } from './controls';
import type { ClassificationExample } from './classification';

const example = (text: string, pair: string, label: number): ClassificationExample => ({
  id: text + pair,
  text,
  pair,
  label,
});
const same = ['cat dog', 'bird tree', 'sea sand', 'rain snow'].map((text) => example(text, text, 1));
const different = [
  ['cat dog', 'green fish'],
  ['bird tree', 'green worm'],
  ['sea sand', 'green leaf'],
].map(([a, b]) => example(a!, b!, 0));
const data = {
  train: [...same, ...different],
  validation: same,
  test: [...same.slice(0, 2), ...different.slice(0, 2)],
};

describe('controls', () => {
  it('find what gives the label away', () => {
    expect(majority(data)).toBe(0.5);
    expect(overlapThreshold(data)).toBe(1);
    expect(oneTextOnly(data, 'pair')).toBe(1);
  });

  it('find nothing where there is nothing', () => {
    const shuffled = data.train.map((item, at) => ({ ...item, pair: 'same words', label: at % 2 }));
    expect(oneTextOnly({ train: shuffled, validation: [], test: shuffled }, 'pair')).toBeLessThanOrEqual(4 / 7);
  });

  it('refuse single texts', () => {
    const single = [{ id: '1', text: 'a', pair: null, label: 0 }];
    expect(() => overlapThreshold({ train: single, validation: single, test: single })).toThrow(/sentence pairs/);
  });
});
