import { compile } from '../../engine/compile';
import { upload } from '../../engine/memory';
import type { Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { classifierOf, type LabelledBatch } from '../../training/classifier';
import type { OptimizerSettings, TrainingSettings } from '../../training/job';
import type { Tick } from '../../training/learner';
import { scheduleFactor, stepScalars, type TrainState } from '../../training/optimizer';
import { createDelta, type Delta } from '../../petl/bank/delta';
import { drawInit } from '../../petl/forms/init';
import { promptLength } from '../../petl/forms/modify';
import { packedBatch } from '../../petl/testing/fixtures';
import { parseMethod } from '../../petl/design/written';
import { benchOf } from './bench';

export const optimizer: OptimizerSettings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };
export const quiet: TrainingSettings = { dropout: 0, labelSmoothing: 0, optimizer } as TrainingSettings;
const noisy = { ...quiet, dropout: 0.2 };
const texts = [
  [5, 17, 42, 8, 63, 91],
  [11, 54, 9, 23],
  [60, 3, 85],
  [7, 7, 2, 31, 90],
];

/** Some of the texts, each with its number modulo 3 as label. */
export function batchOf(written: string, chosen: readonly number[] = [0, 1, 2, 3]): LabelledBatch {
  const width = Math.max(...chosen.map((i) => (texts[i] as number[]).length));
  const ids = chosen.map((i) => [...(texts[i] as number[]), 0, 0, 0, 0].slice(0, width));
  const mask = chosen.map((i) => Array.from({ length: width }, (_, t) => (t < (texts[i] as number[]).length ? 1 : 0)));
  return {
    inputs: packedBatch(ids, mask, promptLength(parseMethod(written))),
    labels: upload(new Int32Array(chosen.map((i) => i % 3)), [chosen.length]),
    weights: upload(new Float32Array(chosen.length).fill(1), [chosen.length]),
  };
}

/** A head of three classes. */
export const newHead = (seed = 1): Tensors => ({
  'head.weight': upload(drawInit({ kind: 'normal', std: 0.1 }, [32, 3], seed, 'head'), [32, 3]),
  'head.bias': upload(new Float32Array(3), [3]),
});
const tickAt = (step: number, rate = 1e-2): Tick => ({
  scalars: upload(stepScalars(step, rate, optimizer), [3]),
  seed: upload(new Int32Array([1, step * 1000]), [2]),
});
/** Every number, by name. */
export const values = (tensors: Tensors): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]));

/** Steps of one method from a state, with the losses. */
export function steps(
  [family, written]: readonly [family: string, written: string],
  state: TrainState,
  constants: Tensors,
  [from, to]: readonly [number, number],
): { readonly state: TrainState; readonly losses: readonly number[] } {
  const { model } = benchOf(family);
  const step = compile(classifierOf(model, parseMethod(written), noisy).step, 'eager');
  const batch = batchOf(written);
  const losses: number[] = [];
  let now = state;
  for (let i = from; i <= to; i++) {
    const next = step(now, constants, batch, tickAt(i, 1e-2 * scheduleFactor({ kind: 'linear', warmup: 0.2 }, i, 10)));
    losses.push(next.loss.dataSync()[0] as number);
    disposeTree([now, next.loss]);
    now = next.state;
  }
  disposeTree(batch);
  return { state: now, losses };
}

/** A method's tensors at their start. */
export const fresh = (family: string, written: string, seed = 4): Delta =>
  createDelta(parseMethod(written), benchOf(family).model.shape, benchOf(family).model.weights, seed);
