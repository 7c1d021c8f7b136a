import { upload } from '../../engine/memory';
import type { Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { classifierOf } from '../../training/classifier';
import { labelledBatch, type LabelledBatch } from '../../training/labelled';
import type { OptimizerSettings, TrainingSettings } from '../../training/job';
import { Loop, type Steps } from '../../training/loop';
import { scheduleFactor, type TrainState } from '../../training/optimizer';
import { stepperOf } from '../../training/stepper';
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
  const inputs = packedBatch(ids, mask, promptLength(parseMethod(written)));
  return labelledBatch(
    inputs,
    chosen.map((i) => i % 3),
  );
}

/** A head of three classes. */
export const newHead = (seed = 1): Tensors => ({
  'head.weight': upload(drawInit({ kind: 'normal', std: 0.1 }, [32, 3], seed, 'head'), [32, 3]),
  'head.bias': upload(new Float32Array(3), [3]),
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
  const learner = classifierOf(model, parseMethod(written), noisy);
  const stepper = stepperOf(learner, { optimizer, engine: 'eager', precision: 'float32' });
  const batch = batchOf(written);
  const rateAt = (step: number): number => 1e-2 * scheduleFactor({ kind: 'linear', warmup: 0.2 }, step, 10);
  const step: Steps['step'] = (_at, now, _constants, tick) => stepper.step(now, constants, [[batch]], tick);
  const loop = new Loop({ seed: 1, optimizer, rateAt, step }, state);
  loop.done = from - 1;
  const losses = Array.from({ length: to - from + 1 }, () => loop.next());
  disposeTree(batch);
  return { state: loop.state, losses };
}

/** A method's tensors at their start. */
export const fresh = (family: string, written: string, seed = 4): Delta =>
  createDelta(parseMethod(written), benchOf(family).model.shape, benchOf(family).model.weights, seed);
