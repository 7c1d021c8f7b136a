import { describe, expect, it } from 'vitest';
import { classificationTask, type ClassificationExample } from './classification';
import { linearAnswers, scoreOf } from './linear';

const kinds = ['red', 'green', 'blue'];
const examples = (count: number, from: number): readonly ClassificationExample[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `${from + i}`,
    text: `thing ${(from + i) % 11} is ${kinds[(from + i) % 3] ?? ''}`,
    pair: null,
    label: (from + i) % 3,
  }));
const data = { train: examples(90, 0), validation: examples(30, 200), test: examples(30, 400) };
const task = classificationTask({ name: 'colours', labels: kinds, load: () => Promise.resolve(data) });

describe('linearAnswers', () => {
  it('tells labels that words give away, the same at every call', async () => {
    const { answers } = await linearAnswers(task, data);
    expect(scoreOf('accuracy', answers, data.test)).toBe(1);
    expect((await linearAnswers(task, data)).answers).toEqual(answers);
  });

  it('is at the frequency of the labels where words say nothing', async () => {
    const blind = data.train.map((example) => ({ ...example, text: 'the same thing' }));
    const { answers } = await linearAnswers(task, { ...data, train: blind });
    expect(new Set(answers).size).toBe(1);
  });
});
