import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { encode } from '../../model/encoder';
import { sequenceMean } from '../../model/heads';
import type { ModelShape } from '../../model/shape';
import { weightShapes } from '../../model/shapes';
import type { Batch } from '../../model/batch';
import { weightsWith, type Delta } from '../bank/delta';
import { againOf } from '../forms/connector';
import { promptWriter } from '../forms/generator';
import { promptOf, visitFor, type ModifyContext } from '../forms/modify';
import { drawInit, randomStream } from '../forms/init';
import { isNorm } from '../forms/unfrozen';

/** Last hidden states of a tiny encoder under a method, `[N, d]`; `variables` stand in for the delta's own. */
export function hiddenWith(
  delta: Delta,
  weights: Tensors,
  batch: Batch,
  variables: Tensors = delta.variables,
  context: ModifyContext = { noise: undefined },
): Tensor {
  const tensors = { ...delta.constants, ...variables };
  const visit = visitFor(delta.method, delta.shape, tensors, {
    sequenceMean: (x) => sequenceMean(x, batch),
    ...context,
  });
  return encode({ shape: delta.shape, weights: weightsWith(weights, delta, variables) }, batch, {
    visit,
    noise: context.noise,
    dropout: 0,
    prompt: promptOf(delta.method, tensors),
    promptFrom: promptWriter(delta.method, { shape: delta.shape, weights }, tensors, {}),
    read: 'all',
    again: againOf(delta.method, tensors),
  });
}

/** A fixed weighting of all outputs: every one of them reaches the loss. */
export function probeLoss(hidden: Tensor): tf.Scalar {
  const random = randomStream(5, 'probe');
  const weights = tf.tensor(
    Float32Array.from({ length: hidden.size }, () => 2 * random() - 1),
    hidden.shape,
  );
  return tf.sum(tf.mul(hidden, weights));
}

/** Rows of real tokens as they are, all others 0: no loss may read fillers. @param x `[N, d]` */
export function realOnly(x: Tensor, { sequences }: Batch): Tensor {
  return tf.mul(x, tf.expandDims(tf.cast(tf.greaterEqual(sequences, 0), 'float32'), 1));
}

/** Adds N(0, std)-like noise to every tensor, so that nothing hides behind a zero start. */
export function perturbed(tensors: Tensors, std: number, seed: number): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => {
      const random = randomStream(seed, name);
      const noise = Float32Array.from({ length: value.size }, () => (2 * random() - 1) * std * Math.sqrt(3));
      return [name, tf.tidy(() => tf.add(value, tf.tensor(noise, value.shape)))];
    }),
  );
}

export function gradients(
  f: (variables: Tensors) => tf.Scalar,
  variables: Tensors,
): Readonly<Record<string, Tensor | null>> {
  const names = Object.keys(variables);
  const named = (values: Tensor[]): Tensors => Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]));
  const { value, grads } = tf.valueAndGrads((...values: Tensor[]) => f(named(values)))(Object.values(variables));
  value.dispose();
  return Object.fromEntries(names.map((name, i) => [name, (grads[i] ?? null) as Tensor | null]));
}

export function largest(x: Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(x)).dataSync()[0] ?? NaN);
}

/** Random weights of a shape, norms at 1 and 0. */
export function randomWeights(shape: ModelShape, seed: number): Tensors {
  return Object.fromEntries(
    Object.entries(weightShapes(shape)).map(([name, size]) => {
      const norm = isNorm(name);
      const init = norm
        ? ({ kind: 'constant', value: name.endsWith('gain') ? 1 : 0 } as const)
        : ({ kind: 'normal', std: 0.3 } as const);
      return [name, upload(drawInit(init, size, seed, name), size)];
    }),
  );
}
