import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMethod } from '../petl/design/written';
import { generationTask, type GenerationTask } from '../tasks/generation';
import { mixture, partOf } from '../tasks/mixture';
import { wordModel, words } from './fixtures/words';
import type { TrainingJob } from './job';
import { train } from './train';
import { greedyTarget, plain } from './fixtures/settings';

const task = (
  name: string,
  count: number,
  length: number,
  metric: GenerationTask['metric'] = 'nll',
): GenerationTask => {
  const examples = Array.from({ length: count }, (_, i) => ({
    id: `${i}`,
    text: words(i % 5, 20),
    target: words(...Array.from({ length }, (_unused, k) => 40 + (i % 5) + k)),
  }));
  const data = { train: examples, validation: examples.slice(0, 5), test: examples.slice(0, 7) };
  return generationTask({ name, metric, load: () => Promise.resolve(data) });
};

describe('training on several tasks', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-mixture-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const jobOf = (
    over: Pick<TrainingJob, 'task'> & { readonly method?: string; readonly epochs?: number },
  ): TrainingJob => ({
    method: parseMethod(over.method ?? 'lora:r=2'),
    model: wordModel(folder, 'gpt2', false),
    task: over.task,
    training: {
      ...plain,
      epochs: over.epochs ?? 2,
      batch: 8,
      learningRate: 0.02,
      schedule: { kind: 'constant', warmup: 0 },
      target: { ...greedyTarget, maxLength: 6, decoded: 7 },
    },
    seed: 1,
    engine: 'compiled',
  });

  it('scores each task as much as another, however long its targets are', async () => {
    const both = mixture({
      name: 'both',
      about: 'two tasks',
      most: { train: 40, validation: 5, test: 7 },
      parts: [
        { task: task('short', 10, 1), instruction: '{text}' },
        { task: task('long', 40, 4), instruction: 'w9 {text}' },
      ],
    });
    const { score, loss, perExample, labels, testIds } = await train(jobOf({ task: both }), () => undefined);
    const sums = new Map<string, { nll: number; tokens: number }>();
    const total = testIds.length;
    testIds.forEach((id, i) => {
      const before = sums.get(partOf({ id, text: '' })) ?? { nll: 0, tokens: 0 };
      const tokens = before.tokens + (labels[i] ?? NaN);
      sums.set(partOf({ id, text: '' }), { nll: before.nll + (perExample[i] ?? NaN), tokens });
    });
    expect(sums.get('short')?.tokens).toBe(14);
    expect(sums.get('long')?.tokens).toBe(35);
    const means = [...sums.values()].map(({ nll }) => (2 * nll) / total); // the scores of the two tasks
    expect(score).toBeCloseTo(means.reduce((a, b) => a + b, 0) / 2, 6);
    expect(score).toBeCloseTo(loss, 6);
  }, 60_000);

  it('calls a target exact where greedy search writes it', async () => {
    const own = task('exact', 40, 2, 'exact-match');
    const outcome = await train(jobOf({ task: own, method: 'full', epochs: 30 }), () => undefined);
    const { test } = await own.load();
    const written = outcome.written?.texts ?? [];
    expect(outcome.score).toBeGreaterThan(0.5);
    expect(outcome.perExample).toEqual(test.map(({ target }, i) => Number(written[i] === target)));
  }, 60_000);
});
