import { tf, type Tensor, type Tensors } from '../engine/tf';
import { upload } from '../engine/memory';
import type { OptimizerSettings, Schedule } from './job';

/** Trained tensors with their first and second moments; every step gives a new one. */
export type TrainState = {
  readonly variables: Tensors;
  readonly m: Tensors;
  readonly v: Tensors;
};

export function startState(variables: Tensors): TrainState {
  const zeros = (): Record<string, Tensor> => Object.fromEntries(Object.entries(variables)
    .map(([name, t]) => [name, upload(new Float32Array(t.size), t.shape)]));
  return { variables, m: zeros(), v: zeros() };
}

/**
 * What the optimizer is fed at step t, computed in float64: `[rate, 1 - beta1^t, 1 - beta2^t]`.
 * @param step counted from 1
 */
export function stepScalars(step: number, rate: number, { beta1, beta2 }: OptimizerSettings): Float32Array {
  return new Float32Array([rate, 1 - beta1 ** step, 1 - beta2 ** step]);
}

/** The learning rate's factor at a step (counted from 1) of `steps`. */
export function scheduleFactor({ kind, warmup }: Schedule, step: number, steps: number): number {
  const warm = Math.round(warmup * steps);
  const done = step - 1;
  if (done < warm) return done / warm;
  const share = (done - warm) / Math.max(1, steps - warm);
  switch (kind) {
    case 'constant': return 1;
    case 'linear': return 1 - share;
    case 'cosine': return 0.5 * (1 + Math.cos(Math.PI * share));
  }
}

/**
 * One AdamW step, as PyTorch's: decay w <- (1 - rate decay) w, then w <- w - rate (m / c1) / (sqrt(v / c2) + epsilon).
 * Gradients are first scaled to the global norm `clipNorm`. Matrices decay; biases, gains and scales (rank below 2) do not.
 * @param scalars float `[3]`, see `stepScalars`
 */
export function adamW({ variables, m, v }: TrainState, gradients: Tensors, scalars: Tensor, settings: OptimizerSettings): TrainState {
  const [rate, c1, c2] = tf.split(scalars, 3).map((s) => tf.reshape(s, [])) as [Tensor, Tensor, Tensor];
  const { beta1, beta2, epsilon, weightDecay } = settings;
  const clipped = clip(gradients, settings.clipNorm);
  const size = tf.div(rate, c1);
  const next = { variables: {} as Record<string, Tensor>, m: {} as Record<string, Tensor>, v: {} as Record<string, Tensor> };
  for (const [name, w] of Object.entries(variables)) {
    const g = clipped[name] as Tensor;
    const mean = tf.add(tf.mul(m[name] as Tensor, beta1), tf.mul(g, 1 - beta1));
    const square = tf.add(tf.mul(v[name] as Tensor, beta2), tf.mul(tf.square(g), 1 - beta2));
    const kept = weightDecay > 0 && w.rank > 1 ? tf.mul(w, tf.sub(1, tf.mul(rate, weightDecay))) : w;
    const spread = tf.add(tf.sqrt(tf.div(square, c2)), epsilon);
    next.variables[name] = tf.sub(kept, tf.mul(tf.div(mean, spread), size));
    next.m[name] = mean;
    next.v[name] = square;
  }
  return next;
}

/** Norm over the trained gradients only. */
function clip(gradients: Tensors, limit: number): Tensors {
  if (limit === 0) return gradients;
  const squares = Object.values(gradients).map((g) => tf.sum(tf.square(g)));
  const norm = tf.sqrt(tf.addN(squares));
  const factor = tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
  return Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, tf.mul(g, factor)]));
}
