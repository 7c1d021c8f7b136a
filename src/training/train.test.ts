import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { disposeTree } from '../engine/tree';
import { knownShapes } from '../model/shapes';
import { loadDelta, readDeltaRecord } from '../petl/bank/store';
import { parseMethod } from '../petl/design/written';
import { sentiment } from '../tasks/shipped/sentiment';
import { shuffledSentiment } from '../tasks/shipped/sentiment-shuffled';
import type { TrainingJob } from './job';
import { Session } from './session';
import { train } from './train';

const job = (over: Partial<TrainingJob> = {}): TrainingJob => ({
  method: parseMethod('lora:r=8'),
  model: 'minilm-l6',
  task: sentiment,
  seed: 1,
  engine: 'compiled',
  training: {
    examples: 640,
    epochs: 1,
    batch: 32,
    accumulation: 1,
    maxLength: 48,
    learningRate: 2e-3,
    schedule: { kind: 'linear', warmup: 0.1 },
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
    dropout: 0.1,
    labelSmoothing: 0,
    scored: { validation: 32, test: 320 },
    evaluations: 1,
    best: null,
    stop: null,
    from: null,
    teacher: null,
    before: null,
    precision: 'float32',
    target: null,
  },
  ...over,
});

/** The folder holds the trained adapter with its head, for the model it was trained on. */
function expectKept(folder: string, model: string): void {
  const { base } = readDeltaRecord(folder);
  expect(base.hash.startsWith(model)).toBe(true);
  const { delta, head, record } = loadDelta(folder, knownShapes['minilm-l6']!, base);
  expect([record.written, record.classes, Object.keys(head).sort()]).toEqual([
    'lora:r=8',
    2,
    ['head.bias', 'head.weight'],
  ]);
  const up = delta.variables['encoder.0.attn.query.bottleneck.up'];
  expect(Math.max(...(up?.dataSync() ?? []).map(Math.abs))).toBeGreaterThan(0); // it starts at zero
  delta.dispose();
  disposeTree(head);
  rmSync(dirname(folder), { recursive: true });
}

describe('training on real text', { timeout: 300_000 }, () => {
  const session = new Session();
  afterAll(() => {
    session.dispose();
  });

  it('learns from true labels and nothing from shuffled ones', async () => {
    const keep = join(mkdtempSync(join(tmpdir(), 'petl-kept-')), 'adapter');
    const honest = await train({ ...job(), keep }, () => undefined, session);
    expectKept(keep, honest.model);
    const control = await train(job({ task: shuffledSentiment }), () => undefined, session);
    expect(honest.score).toBeGreaterThan(0.65);
    expect(Math.abs(control.score - 0.5)).toBeLessThan(0.1); // two standard errors of 320 examples are 0.056
    expect(honest.perExample).toHaveLength(320);
    expect(honest.programs.count).toBeLessThanOrEqual(6);
  });

  it('repeats a run with its seed, bit for bit, and stops when asked to', async () => {
    const short = (seed: number): TrainingJob => ({
      ...job({ seed }),
      training: { ...job().training, examples: 96, scored: { validation: 8, test: 8 } },
    });
    const losses = async (seed: number): Promise<number[]> => {
      const found: number[] = [];
      await train(
        short(seed),
        (event) => {
          if (event.kind === 'step') found.push(event.loss);
          return undefined;
        },
        session,
      );
      return found;
    };
    const first = await losses(1);
    expect(await losses(1)).toEqual(first);
    expect(await losses(2)).not.toEqual(first);
    const two = { ...short(1), training: { ...short(1).training, accumulation: 2 } };
    expect((await train(two, () => undefined, session)).steps).toBe(2); // three batches: two batches to the first step, one to the second
    const { steps } = await train(
      short(1),
      (event) => (event.kind === 'step' && event.step === 2 ? 'stop' : undefined),
      session,
    );
    expect(steps).toBe(2);
  });
});
