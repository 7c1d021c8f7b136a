import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Backbone } from '../model/backbone';
import { canonicalNames, type Target } from '../model/checkpoint/names';
import { classifierOf } from '../training/classifier';
import type { OptimizerSettings, TrainingSettings } from '../training/job';
import { labelledBatch } from '../training/labelled';
import { Loop } from '../training/loop';
import { startState } from '../training/optimizer';
import { packedBatch, tensorsOf, tinyModel, type Stored } from '../petl/testing/fixtures';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { parseMethod } from '../petl/design/written';

interface Trajectory {
  readonly name: string;
  readonly written: string;
  readonly spec: { readonly optimizer: OptimizerSettings & { readonly learningRate: number } };
  readonly losses: readonly number[];
  readonly initial: Readonly<Record<string, Stored>>;
  readonly final: Readonly<Record<string, Stored>>;
  /**
   * The model's own weights that trained, by the checkpoint's names and in its layout (`[out, in]`), but key biases.
   */
  readonly finalModel: Readonly<Record<string, Checksum>>;
  readonly finalModelRows: Readonly<Record<string, readonly number[]>>;
  readonly float32Gap: { readonly losses: number; readonly weights: number };
}

/** Of the flattened values x: sum, sum of squares, and sum of x_i cos(i + 1). */
interface Checksum {
  readonly shape: readonly number[];
  readonly sum: number;
  readonly squares: number;
  readonly probe: number;
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
  afterAll(() => {
    model.dispose();
  });

  it.each(fixture.methods.map((m) => [m.name, m] as const))('%s', (_, one) => {
    const method = parseMethod(one.written);
    const unfrozen = Object.fromEntries(
      unfrozenNames(method, model.shape).map((name) => [name, tf.clone(model.weights[name] as Tensor)]),
    );
    const settings = { dropout: 0, labelSmoothing: 0, optimizer: one.spec.optimizer } as unknown as TrainingSettings;
    const classifier = classifierOf(model, method, settings);
    const step = compile((...inputs: Parameters<typeof classifier.step>) => {
      const [{ variables }] = inputs;
      const { state: next, loss } = classifier.step(...inputs);
      return { state: { ...next, variables: decayVectors(variables, next.variables, one.spec.optimizer) }, loss };
    });
    const batch = labelledBatch(packedBatch(fixture.ids, fixture.mask), fixture.labels);
    const loop = new Loop(
      {
        seed: 1,
        optimizer: one.spec.optimizer,
        rateAt: () => one.spec.optimizer.learningRate,
        step: (_at, before, constants, tick) => {
          const { state: next, loss } = step(before, constants, [batch], tick);
          return { state: next, loss: loss.dataSync()[0] as number };
        },
      },
      startState({ ...unfrozen, ...tensorsOf(one.initial) }),
    );
    const losses = one.losses.map(() => loop.next());
    const { state } = loop;
    losses.forEach((loss, i) => {
      expect(Math.abs(loss - (one.losses[i] as number))).toBeLessThan(2e-5);
    });
    const bar = Math.max(2e-5, 20 * one.float32Gap.weights);
    expect(gap(state.variables, one.final)).toBeLessThan(bar);
    expect(comparedNames(one)).toEqual(
      Object.keys(unfrozen)
        .filter((name) => !name.endsWith('.key.bias'))
        .sort(),
    );
    expectModel(state.variables, one, bar);
    step.dispose();
  });

  it('compares all that full fine-tuning, BitFit and Houlsby train of the model', () => {
    expect(
      Object.fromEntries(
        fixture.methods.map((one) => [one.name, comparedNames(one).length]).filter(([, count]) => count !== 0),
      ),
    ).toEqual({ houlsby: 10, full: 35, bitfit: 15 });
  });
});

/** PyTorch's AdamW decays every tensor, ours leaves biases, gains and scales alone: this makes up the difference. */
function decayVectors(
  before: Tensors,
  after: Tensors,
  { learningRate, weightDecay }: { readonly learningRate: number; readonly weightDecay: number },
): Tensors {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => {
      const start = before[name] as Tensor;
      return [name, value.rank > 1 ? value : tf.sub(value, tf.mul(start, learningRate * weightDecay))];
    }),
  );
}

/** The model's own weights, those that trained: all values by their checksums, the first ones each. */
function expectModel(variables: Tensors, { finalModel, finalModelRows }: Trajectory, bar: number): void {
  for (const [stored, sums] of Object.entries(finalModel)) {
    const ours = storedValues(variables, stored, sums.shape);
    finalModelRows[stored]?.forEach((value, i) => {
      expect(Math.abs(value - (ours[i] ?? NaN)), stored).toBeLessThan(bar);
    });
    expectSums(stored, checksum(ours), sums);
  }
}

function targetOf(stored: string): Target {
  return canonicalNames('bert', stored)[0] as Target;
}

function comparedNames({ finalModel }: Trajectory): readonly string[] {
  return Object.keys(finalModel)
    .map((stored) => targetOf(stored).name)
    .sort();
}

/** A trained weight's values as the checkpoint would hold them, flat. */
function storedValues(variables: Tensors, stored: string, shape: readonly number[]): Float32Array {
  const { name, transpose } = targetOf(stored);
  const weight = variables[name] as Tensor;
  const turned = transpose ? tf.transpose(weight) : weight;
  expect(turned.shape).toEqual(shape);
  return turned.dataSync() as Float32Array;
}

function checksum(values: Float32Array): Omit<Checksum, 'shape'> {
  const total = (of: (x: number, i: number) => number): number => values.reduce((sum, x, i) => sum + of(x, i), 0);
  return { sum: total((x) => x), squares: total((x) => x * x), probe: total((x, i) => x * Math.cos(i + 1)) };
}

function gap(variables: Tensors, expected: Readonly<Record<string, Stored>>): number {
  return Math.max(
    ...Object.entries(expected).map(([name, { values }]) => {
      const ours = (variables[name] as Tensor).dataSync();
      return Math.max(...values.map((value, i) => Math.abs(value - (ours[i] ?? NaN))));
    }),
  );
}

/** float32 rounds 1 - rate x decay, which makes all squares smaller by a constant share. */
function expectSums(stored: string, ours: Omit<Checksum, 'shape'>, theirs: Checksum): void {
  expect(Math.abs(ours.sum - theirs.sum), stored).toBeLessThan(2e-5);
  expect(Math.abs(ours.probe - theirs.probe), stored).toBeLessThan(2e-5);
  expect(Math.abs(ours.squares - theirs.squares), stored).toBeLessThan(Math.max(2e-5, 1e-6 * theirs.squares));
}
