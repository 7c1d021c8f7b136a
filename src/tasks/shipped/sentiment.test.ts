import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { taskNamed } from '../registry';
import { sentiment, sentimentData } from './sentiment';
import { splitOf } from '../split';
import { normalText } from '../text';

const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${index}\t${index % 2 ? 2 : -2}\ttext ${index}`);

describe('sentimentData', () => {
  it('labels by sign, leaves out the neutral middle and broken lines', () => {
    const data = sentimentData([...lines(100), '200\t0.5\tnearly neutral', '201\tx\tno number', 'broken'].join('\r\n'));
    const all = [...data.train, ...data.validation, ...data.test];
    expect(all).toHaveLength(100);
    expect(all.find((example) => example.id === '3')).toEqual({ id: '3', text: 'text 3', pair: null, label: 1 });
    expect(all.find((example) => example.id === '4')?.label).toBe(0);
  });

  it('keeps one of equal texts and none of contradicting ones', () => {
    const data = sentimentData([...lines(100), '200\t2\tTEXT  1!', '201\t2\t"Text 2."'].join('\n'));
    const ids = [...data.train, ...data.validation, ...data.test].map((example) => example.id);
    expect(ids).toContain('1');
    expect(ids).not.toContain('200');
    expect(ids).not.toContain('2');
    expect(ids).not.toContain('201');
  });

  it('refuses an empty data set', () => {
    expect(() => sentimentData('')).toThrow(UserError);
    expect(() => sentimentData('')).toThrow('task "sentiment" has no train examples (0 in all)');
  });
});

describe('the sentiment task', () => {
  it('has the stated sizes, disjoint splits and both labels', async () => {
    const { train, validation, test } = await sentiment.load();
    expect([train.length, validation.length, test.length]).toEqual([7185, 955, 1900]);
    const keys = [train, validation, test].map((part) => part.map((example) => normalText(example.text)));
    expect(new Set(keys.flat()).size).toBe(keys.flat().length);
    expect(keys.map((part) => new Set(part.map(splitOf)).size)).toEqual([1, 1, 1]);
    const positive = test.filter((example) => example.label === 1).length / test.length;
    expect(Math.abs(positive - 0.5)).toBeLessThan(0.02);
  });

  it('is the same at every load', async () => {
    expect(await sentiment.load()).toEqual(await sentiment.load());
  });
});

describe('taskNamed', () => {
  it('gives a task and lists the names for an unknown one', () => {
    expect(taskNamed('sentiment')).toBe(sentiment);
    expect(() => taskNamed('sst3')).toThrow(/unknown task "sst3": choose from sentiment/);
  });
});
