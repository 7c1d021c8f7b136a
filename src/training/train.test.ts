import { afterAll, describe, expect, it } from 'vitest';
import { parseMethod } from '../petl/written';
import type { TrainingJob } from './job';
import { closeSession } from './session';
import { train } from './train';

const job = (over: Partial<TrainingJob> = {}): TrainingJob => ({
  method: parseMethod('lora:r=8'), model: 'minilm-l6', task: 'sentiment', seed: 1, engine: 'compiled',
  training: {
    examples: 640, epochs: 1, batch: 32, accumulation: 1, maxLength: 48, learningRate: 2e-3, schedule: { kind: 'linear', warmup: 0.1 },
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 }, dropout: 0.1, labelSmoothing: 0,
    scored: { validation: 64, test: 400 }, evaluations: 1, precision: 'float32', target: null,
  },
  ...over,
});

describe('training on real text', { timeout: 300_000 }, () => {
  afterAll(() => { closeSession(); });

  it('learns from true labels and nothing from shuffled ones', async () => {
    const honest = await train(job(), () => undefined);
    const control = await train(job({ task: 'sentiment-shuffled' }), () => undefined);
    expect(honest.score).toBeGreaterThan(0.65);
    expect(Math.abs(control.score - 0.5)).toBeLessThan(0.1); // two standard errors of 400 examples are 0.05
    expect(honest.perExample).toHaveLength(400);
    expect(honest.programs.count).toBeLessThanOrEqual(6);
  });

  it('repeats a run with its seed, bit for bit, and stops when asked to', async () => {
    const short = (seed: number): TrainingJob => ({ ...job({ seed }), training: { ...job().training, examples: 96 } });
    const losses = async (seed: number): Promise<number[]> => {
      const found: number[] = [];
      await train(short(seed), (event) => { if (event.kind === 'step') found.push(event.loss); return undefined; });
      return found;
    };
    const first = await losses(1);
    expect(await losses(1)).toEqual(first);
    expect(await losses(2)).not.toEqual(first);
    const two = { ...short(1), training: { ...short(1).training, accumulation: 2 } };
    expect((await train(two, () => undefined)).steps).toBe(2); // three batches: two batches to the first step, one to the second
    const { steps } = await train(short(1), (event) => (event.kind === 'step' && event.step === 2 ? 'stop' : undefined));
    expect(steps).toBe(2);
  });
});
