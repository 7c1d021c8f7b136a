import { describe, expect, it } from 'vitest';
import { classificationTask, labelledTask } from './classification';
import { generationTask, writtenTask } from './generation';
import { metricNamed } from './metrics/metric';

const rows = Array.from({ length: 60 }, (_, i) => ({
  said: `text ${i}`,
  mood: i % 3 === 0 ? 'bad' : 'good',
  to: `t${i}`,
}));

describe('a task as a value', () => {
  it('tells the labels of own rows, with what must be known of them', async () => {
    const task = classificationTask({ name: 'moods', rows, text: 'said', label: 'mood', metric: 'macro-f1' });
    expect(task).toMatchObject({ kind: 'classification', metric: 'macro-f1', outputs: 2, writes: null, print: null });
    expect(task.labels).toEqual(['bad', 'good']);
    expect(task.own).toMatchObject({ hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, leaked: 0 });
    const { train, validation, test } = await task.load();
    expect(train.length + validation.length + test.length).toBe(60);
    expect(labelledTask(task)).toBe(task);
    expect(() => writtenTask(task)).toThrow('task "moods" writes no texts');
  });

  it('writes the targets of own rows', async () => {
    const task = generationTask({ name: 'pairs', rows, source: 'said', target: 'to', targetTokens: 9 });
    expect(task).toMatchObject({
      kind: 'generation',
      metric: 'nll',
      outputs: 0,
      writes: { tokens: 9, score: 'rouge2' },
    });
    expect((await task.load()).train[0]?.target).toMatch(/^t\d+$/);
    expect(() => labelledTask(task)).toThrow('task "pairs" has no labels');
  });

  it('refuses what makes no task', () => {
    const load = (): Promise<never> => Promise.reject(new Error('not read'));
    expect(() => classificationTask({ name: 'a', labels: ['one'], load })).toThrow('has 1 labels (one)');
    expect(() => classificationTask({ name: 'a', labels: ['x', 'y'], metric: 'acc', load })).toThrow(
      'unknown metric "acc"',
    );
    expect(() => generationTask({ name: 'a', targetTokens: 0, load })).toThrow('targetTokens 0');
    expect(() => classificationTask({ name: 'a', rows, text: 'sad', label: 'mood' })).toThrow('no column "sad"');
  });

  it('has metrics that are means of parts and metrics of the whole set', () => {
    expect(metricNamed('accuracy').whole).toBeUndefined();
    expect(metricNamed('f1').whole?.([1, 0, 1], [1, 1, 0])).toBeCloseTo(0.5);
    expect(metricNamed('matthews').whole?.([1, 0, 1, 0], [1, 0, 1, 0])).toBe(1);
  });
});
