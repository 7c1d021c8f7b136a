import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Backbone } from '../model/backbone';
import { classifierOf } from '../training/classifier';
import type { OptimizerSettings, TrainingSettings } from '../training/job';
import { startState, stepScalars } from '../training/optimizer';
import { packedBatch, tensorsOf, tinyModel, type Stored } from './testing/fixtures';
import { unfrozenNames } from './unfrozen';
import { parseMethod } from './written';

interface Trajectory {
  readonly name: string;
  readonly written: string;
  readonly spec: { readonly optimizer: OptimizerSettings & { readonly learningRate: number } };
  readonly losses: readonly number[];
  readonly initial: Readonly<Record<string, Stored>>;
  readonly final: Readonly<Record<string, Stored>>;
  readonly float32Gap: { readonly losses: number; readonly weights: number };
}

interface Fixture {
  readonly ids: number[][];
  readonly mask: number[][];
  readonly labels: readonly number[];
  readonly methods: readonly Trajectory[];
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/trajectory.json'), 'utf8')) as Fixture;

describe('ten steps of AdamW equal PyTorch in float64', () => {
  let model: Backbone;
  beforeAll(() => {
    const bert = tinyModel('bert');
    model = Object.assign(bert, { shape: { ...bert.shape, pooling: 'mean' as const } });
  });
  afterAll(() => { model.dispose(); });

  it.each(fixture.methods.map((m) => [m.name, m] as const))('%s', (_, one) => {
    const method = parseMethod(one.written);
    const unfrozen = Object.fromEntries(unfrozenNames(method, model.shape).map((name) => [name, tf.clone(model.weights[name] as Tensor)]));
    const settings = { dropout: 0, labelSmoothing: 0, optimizer: one.spec.optimizer } as unknown as TrainingSettings;
    const classifier = classifierOf(model, method, settings);
    const step = compile((...inputs: Parameters<typeof classifier.step>) => {
      const [{ variables }] = inputs;
      const { state: next, loss } = classifier.step(...inputs);
      return { state: { ...next, variables: decayVectors(variables, next.variables, one.spec.optimizer) }, loss };
    });
    const count = fixture.labels.length;
    const batch = { inputs: packedBatch(fixture.ids, fixture.mask), labels: upload(new Int32Array(fixture.labels), [count]), weights: upload(new Float32Array(count).fill(1), [count]) };
    let state = startState({ ...unfrozen, ...tensorsOf(one.initial) });
    const losses = one.losses.map((__, i) => {
      const scalars = upload(stepScalars(i + 1, one.spec.optimizer.learningRate, one.spec.optimizer), [3]);
      const next = step(state, {}, batch, { scalars, seed: upload(new Int32Array([1, i]), [2]) });
      state = next.state;
      return next.loss.dataSync()[0] as number;
    });
    losses.forEach((loss, i) => { expect(Math.abs(loss - (one.losses[i] as number))).toBeLessThan(2e-5); });
    expect(gap(state.variables, one.final)).toBeLessThan(Math.max(2e-5, 20 * one.float32Gap.weights));
    step.dispose();
  });
});

/** PyTorch's AdamW decays every tensor, ours leaves biases, gains and scales alone: this makes up the difference. */
function decayVectors(before: Tensors, after: Tensors, { learningRate, weightDecay }: { readonly learningRate: number; readonly weightDecay: number }): Tensors {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => {
    const start = before[name] as Tensor;
    return [name, value.rank > 1 ? value : tf.sub(value, tf.mul(start, learningRate * weightDecay))];
  }));
}

function gap(variables: Tensors, expected: Readonly<Record<string, Stored>>): number {
  return Math.max(...Object.entries(expected).map(([name, { values }]) => {
    const ours = (variables[name] as Tensor).dataSync();
    return Math.max(...values.map((value, i) => Math.abs(value - (ours[i] ?? NaN))));
  }));
}
