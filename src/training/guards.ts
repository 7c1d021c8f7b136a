import { printOf } from '../engine/print';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { UserError } from '../errors';
import type { ModelShape } from '../model/shape';
import type { Method } from '../petl/design/types';
import { unreachedTensors } from '../petl/counts/reach';
import { scheduleFactor, type TrainState } from './optimizer';
import type { TrainingSettings } from './job';

/** What tells each weight's bits as they are now. */
export function printsOf(weights: Tensors): ReadonlyMap<string, string> {
  return new Map(Object.entries(weights).map(([name, weight]) => [name, printOf(weight)]));
}

/** Throws where a weight is not bit for bit what it was. @param before of `printsOf` */
export function demandFrozen(weights: Tensors, before: ReadonlyMap<string, string>): void {
  const moved = [...printsOf(weights)].find(([name, print]) => print !== before.get(name));
  if (moved !== undefined) throw new Error(`frozen weight ${moved[0]} changed during training`);
}

/** Throws where a trained tensor's moments are still zero: no step gave it a gradient, so it takes part in nothing. */
export function demandGradients(method: Method, shape: ModelShape, { m }: Pick<TrainState, 'm'>): void {
  const exempt = unreachedTensors(method, shape);
  const still = Object.keys(m).filter(
    (name) => !exempt.has(name) && tf.tidy(() => tf.max(tf.abs(m[name] as Tensor)).dataSync()[0]) === 0,
  );
  if (still.length > 0)
    throw new UserError(
      `${method.name}: ${still.length} trained tensors received no gradient, ${still[0] ?? ''} first: the loss does not depend on them`,
    );
}

/**
 * Whether `done` of `total` steps show which tensors the loss depends on. A factor beside one that starts at zero, such
 * as LoRA's
 * `down`, has a gradient of exactly zero until a step has moved the other, and a step at rate 0 moves nothing.
 */
export function gradientsDue(
  { learningRate, schedule }: Pick<TrainingSettings, 'learningRate' | 'schedule'>,
  done: number,
  total: number,
): boolean {
  return Array.from(
    { length: Math.max(0, done - 1) },
    (_, i) => learningRate * scheduleFactor(schedule, i + 1, total),
  ).some((rate) => rate > 0);
}
