import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { live, upload } from '../engine/memory';
import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { Backbone } from '../model/backbone';
import { uploadBatch } from '../model/batch';
import { packSequences, rowsNeeded } from '../model/packing';
import { createDelta } from '../petl/bank/delta';
import { promptLength } from '../petl/forms/modify';
import { packedBatch, tinyModel } from '../petl/testing/fixtures';
import { parseMethod } from '../petl/design/written';
import { sampled } from '../testing/tier';
import { classifierOf, type Classifier } from './classifier';
import { labelledBatch, type LabelledBatch } from './labelled';
import type { TrainingSettings } from './job';
import type { Tick } from './learner';
import { Loop, type Steps } from './loop';
import { startState, stepScalars, type TrainState } from './optimizer';
import { stepperOf } from './stepper';

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
const settings = { dropout: 0.1, labelSmoothing: 0.1, optimizer } as TrainingSettings;
const methods = [
  'full',
  'head',
  'bitfit',
  'layernorm',
  'top:k=1',
  'prefix:l=3',
  'prefix:l=3,mlp=8',
  'houlsby:m=4',
  'pfeiffer:r=4',
  'sa-attn:r=4',
  'sa-ffn:r=4',
  'pa-attn:r=4',
  'pa-ffn:r=4',
  'pa-ffn:r=4,s=4',
  'pa-ffn:r=4,s=learned',
  'mhpa:l=3',
  'lora:r=2',
  'lora-ffn:r=2',
  'mam:l=2,r=4',
] as const;

/** To 1e-5 of the largest expected value. */
function expectNear(values: Float32Array, expected: Float32Array, name: string): void {
  const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const gap = values.reduce((most, v, i) => Math.max(most, Math.abs(v - (expected[i] as number))), 0);
  expect(gap, name).toBeLessThan(1e-5 * largest + 1e-8);
}

describe('a training step', () => {
  let model: Backbone;
  let batch: LabelledBatch;
  beforeAll(() => {
    model = tinyModel('bert');
    const ids = [
      [5, 17, 42, 8, 63, 91],
      [11, 54, 9, 23, 1, 1],
      [60, 3, 85, 1, 1, 1],
    ];
    const mask = ids.map((row) => row.map((id) => (id === 1 ? 0 : 1)));
    batch = labelledBatch(packedBatch(ids, mask), [0, 1, 1], [1, 1, 0.5]);
  });
  afterAll(() => {
    model.dispose();
    disposeTree(batch);
  });

  const start = (
    written: string,
  ): { readonly classifier: Classifier; readonly state: TrainState; readonly constants: Tensors } => {
    const method = parseMethod(written);
    const delta = createDelta(method, model.shape, model.weights, 3);
    const head = {
      'head.weight': upload(
        Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) / 20),
        [32, 2],
      ),
      'head.bias': upload(new Float32Array(2), [2]),
    };
    return {
      classifier: classifierOf(model, method, settings),
      state: startState({ ...delta.variables, ...head }),
      constants: delta.constants,
    };
  };
  /** At 1e-2 lora-ffn multiplies a difference in the last bit a hundredfold within 20 steps. */
  const rate = 5e-3;
  const tick = (step: number): Tick => ({
    scalars: upload(stepScalars(step, rate, optimizer), [3]),
    seed: upload(new Int32Array([1, step * 1000]), [2]),
  });

  /** Losses of the steps; the state is freed. */
  const run = (
    written: string,
    steps: number,
    engine: 'compiled' | 'eager',
    watch: (step: number) => void = () => undefined,
  ): number[] => {
    const { classifier, state: first, constants } = start(written);
    const stepper = stepperOf(classifier, { optimizer, engine, precision: 'float32' });
    const step: Steps['step'] = (_at, state, own, now) => stepper.step(state, own, [[batch]], now);
    const loop = new Loop({ seed: 1, optimizer, rateAt: () => rate, step }, first, constants);
    const losses = Array.from({ length: steps }, (_, i) => {
      const loss = loop.next();
      watch(i);
      return loss;
    });
    loop.dispose();
    stepper.dispose();
    return losses;
  };

  it.each(sampled(methods))('%s: compiled and eager losses agree to 1e-5 over 20 steps and fall', (written) => {
    const compiled = run(written, 20, 'compiled');
    const eager = run(written, 20, 'eager');
    compiled.forEach((loss, i) => {
      expect(Math.abs(loss - (eager[i] as number))).toBeLessThan(1e-5);
    });
    expect(Math.min(...compiled.slice(-5))).toBeLessThan(compiled[0] as number);
  });

  it.each(sampled(methods))('%s: compiled and eager gradients agree to 1e-5 of their largest', (written) => {
    const { classifier, state, constants } = start(written);
    const draw = { seed: upload(new Int32Array([1, 1000]), [2]), share: upload(new Float32Array([1]), []) };
    const [compiled, eager] = (['compiled', 'eager'] as const).map((engine) => {
      const gradients = compile(
        (...given: Parameters<typeof classifier.gradients>) => classifier.gradients(...given),
        engine,
      );
      const found = gradients(state.variables, constants, [batch], draw);
      const values = Object.entries(found.gradients).map(
        ([name, t]) => [name, t.dataSync().slice() as Float32Array] as const,
      );
      disposeTree(found);
      gradients.dispose();
      return values;
    }) as [[string, Float32Array][], [string, Float32Array][]];
    disposeTree([state, constants, draw]);
    expect(compiled.map(([name]) => name)).toEqual(eager.map(([name]) => name));
    compiled.forEach(([name, values], i) => {
      expectNear(values, eager[i]?.[1] as Float32Array, name);
    });
  });

  it('leaves frozen weights bit-equal and adds no tensor over 50 steps', () => {
    const before = Object.fromEntries(Object.entries(model.weights).map(([name, t]) => [name, t.dataSync().slice()]));
    const counts: number[] = [];
    const { programs } = live();
    run('mam:l=2,r=4', 50, 'compiled', () => {
      counts.push(live().tensors);
    });
    expect(new Set(counts.slice(1)).size).toBe(1);
    for (const [name, t] of Object.entries(model.weights)) expect(t.dataSync(), name).toEqual(before[name]);
    expect(live().programs).toBe(programs);
  });

  it('takes two batches for one step as if they were one', () => {
    const quiet = { ...settings, dropout: 0 };
    const ids = [
      [5, 17, 42, 8, 63, 91],
      [11, 54, 9, 23],
      [60, 3, 85],
    ];
    const of = (rows: readonly number[], weights: readonly number[]): LabelledBatch =>
      labelledBatch(
        packedBatch(
          rows.map((r) => [...ids[r]!, 1, 1, 1].slice(0, 6)),
          rows.map((r) => [0, 1, 2, 3, 4, 5].map((t) => (t < ids[r]!.length ? 1 : 0))),
        ),
        rows.map((r) => r % 2),
        weights,
      );
    const after = (
      batches: readonly LabelledBatch[],
    ): { readonly loss: number; readonly values: readonly number[] } => {
      const { state, constants } = start('mam:l=2,r=4');
      const stepper = stepperOf(classifierOf(model, parseMethod('mam:l=2,r=4'), quiet), {
        optimizer,
        engine: 'compiled',
        precision: 'float32',
      });
      const one = stepper.step(
        state,
        constants,
        batches.map((batch) => [batch]),
        tick(1),
      );
      const two = stepper.step(
        one.state,
        constants,
        batches.map((batch) => [batch]),
        tick(2),
      );
      stepper.dispose();
      return { loss: two.loss, values: Object.values(two.state.variables).flatMap((t) => [...t.dataSync()]) };
    };
    const whole = after([of([0, 1, 2], [1, 1, 0.5])]);
    const parts = after([of([0, 1], [1, 1]), of([2], [0.5])]);
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    parts.values.forEach((value, i) => {
      expect(Math.abs(value - (whole.values[i] as number))).toBeLessThan(1e-5);
    });
  });

  it.each(['full', 'lora:r=2', 'prefix:l=3', 'mam:l=2,r=4', 'prompt:l=2', 'mhpa:l=3', 'unipelt:r=2,l=2,m=2'])(
    '%s: one grid for attention or several, the same loss and gradients',
    (written) => {
      const ids = [
        [60, 3, 85],
        [11, 54, 9, 23],
        [7, 81, 30, 19, 2],
        [5, 17, 42, 8, 63, 91],
      ];
      const method = parseMethod(written);
      const prompt = promptLength(method);
      const learner = classifierOf(model, method, { ...settings, dropout: 0 });
      const gradients = (
        lengths: readonly number[],
      ): { readonly loss: number; readonly values: readonly (readonly [string, Float32Array])[] } => {
        const { state, constants } = start(written);
        const tokens = ids.map((row) => row.length + prompt);
        const inputs = uploadBatch(
          packSequences(
            ids.map((row) => ({ ids: row, types: row.map(() => 0) })),
            {
              lengths: lengths.map((n) => n + prompt),
              size: rowsNeeded(
                tokens,
                lengths.map((n) => n + prompt),
              ),
              prompt,
            },
          ),
        );
        const given = labelledBatch(inputs, [0, 1, 1, 0], [1, 1, 0.5, 1]);
        const step = compile((...all: Parameters<typeof learner.gradients>) => learner.gradients(...all));
        const found = step(state.variables, constants, [given], {
          seed: upload(new Int32Array(2), [2]),
          share: upload(new Float32Array([1]), []),
        });
        step.dispose();
        return {
          loss: found.loss.dataSync()[0] as number,
          values: Object.entries(found.gradients).map(([name, t]) => [name, t.dataSync() as Float32Array]),
        };
      };
      const one = gradients([6]);
      for (const lengths of [
        [4, 6],
        [3, 4, 5, 6],
      ]) {
        const several = gradients(lengths);
        expect(Math.abs(several.loss - one.loss)).toBeLessThan(1e-6);
        several.values.forEach(([name, values], i) => {
          expectNear(values, one.values[i]?.[1] as Float32Array, name);
        });
      }
    },
  );
});
