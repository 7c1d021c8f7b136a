import { adamStep, takes } from '../engine/adam';
import { sumOf, tf, type Tensor, type Tensors } from '../engine/tf';
import { rawOp } from '../engine/backend';
import type { OptimizerSettings, Schedule } from './job';

/** Trained tensors with their first and second moments; every step gives a new one. */
export type TrainState = { readonly variables: Tensors; readonly m: Tensors; readonly v: Tensors };

export function startState(variables: Tensors): TrainState {
  const zeros = (): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(variables).map(([name, t]) => [name, rawOp('ZerosLike', { T: 'float32' }, [t])])); // TensorFlow's memory, not JavaScript's
  return { variables, m: zeros(), v: zeros() };
}

/**
 * What the optimizer is fed at step t, computed in float64: `[1 - rate decay, step size, epsilon]`, with PyTorch's
 * bias corrections c = 1 - beta^t inside: size = rate sqrt(c2) / c1 and epsilon sqrt(c2) make
 * size m / (sqrt(v) + epsilon sqrt(c2)) = rate (m / c1) / (sqrt(v / c2) + epsilon).
 * @param step counted from 1
 */
export function stepScalars(
  step: number,
  rate: number,
  { beta1, beta2, epsilon, weightDecay }: OptimizerSettings,
): Float32Array {
  // float32 takes a little more or less than 1 - beta of each gradient: the corrections know
  const correction = (beta: number): number => (takes(beta).take / (1 - beta)) * (1 - beta ** step);
  const [c1, c2] = [correction(beta1), Math.sqrt(correction(beta2))];
  return new Float32Array([1 - rate * weightDecay, (rate * c2) / c1, epsilon * c2]);
}

/** The learning rate's factor at a step (counted from 1) of `steps`. */
export function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  const warm = Math.round(schedule.warmup * steps);
  const done = step - 1;
  if (done < warm) return done / warm;
  const share = (done - warm) / Math.max(1, steps - warm);
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - share;
    case 'polynomial':
      return schedule.end + (1 - schedule.end) * (1 - share) ** schedule.power;
    case 'cosine':
      return 0.5 * (1 + Math.cos(Math.PI * share));
  }
}

/**
 * One AdamW step, as PyTorch's: decay w <- (1 - rate decay) w, then Adam. Gradients are first scaled to the global norm
 * `clipNorm`. Matrices decay; biases, gains and scales (rank below 2) do not.
 * @param scalars float `[3]`, see `stepScalars`
 */
export function adamW(
  { variables, m, v }: TrainState,
  gradients: Tensors,
  scalars: Tensor,
  settings: OptimizerSettings,
): TrainState {
  const factor = clipFactor(Object.values(gradients), settings.clipNorm);
  const names = Object.keys(variables);
  const pick = (record: Tensors): Tensor[] => names.map((name) => record[name] as Tensor);
  const next = updated({ w: pick(variables), m: pick(m), v: pick(v) }, pick(gradients), { scalars, factor }, settings);
  const named = (tensors: readonly Tensor[]): Tensors =>
    Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
  return { variables: named(next.w), m: named(next.m), v: named(next.v) };
}

/** Weights and moments in one order, without names: groups of equal shapes share a program. */
export type Group = { readonly w: readonly Tensor[]; readonly m: readonly Tensor[]; readonly v: readonly Tensor[] };

/** @param factor what every gradient is multiplied by before, nothing where it is undefined */
export function updated(
  { w, m, v }: Group,
  gradients: readonly Tensor[],
  { scalars, factor }: { readonly scalars: Tensor; readonly factor: Tensor | undefined },
  settings: OptimizerSettings,
): Group {
  const [kept, size, epsilon] = tf.split(scalars, 3).map((s) => tf.reshape(s, [])) as [Tensor, Tensor, Tensor];
  const all = w.map((weight, i) => {
    const gradient = gradients[i] as Tensor;
    const start = settings.weightDecay > 0 && weight.rank > 1 ? tf.mul(weight, kept) : weight;
    const scaled = factor === undefined ? gradient : tf.mul(gradient, factor);
    return adamStep({ w: start, m: m[i] as Tensor, v: v[i] as Tensor }, scaled, { size, epsilon }, [
      settings.beta1,
      settings.beta2,
    ]);
  });
  return { w: all.map((s) => s.w), m: all.map((s) => s.m), v: all.map((s) => s.v) };
}

/** min(1, limit / norm), the norm over all trained gradients and nothing else; undefined for no limit. */
export function clipFactor(gradients: readonly Tensor[], limit: number): Tensor | undefined {
  if (limit === 0) return undefined;
  const norm = tf.sqrt(sumOf(gradients.map((g) => tf.sum(tf.square(g)))));
  return tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
}
