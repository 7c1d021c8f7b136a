import { tf, type Tensor, type Tensors } from '../../engine/tf';
import type { ModelShape } from '../../model/shape';
import { prefixPairs } from './attend';
import { collapsedMethod } from '../design/collapsed';
import type { Method } from '../design/types';
import { unfrozenNames } from './unfrozen';
import { specsOf } from './variables';

/** A method as it is stored: what only served training is gone. */
export interface Collapsed {
  readonly method: Method;
  readonly tensors: Tensors;
}

/**
 * The tensors to store, as copies that the caller owns: a prefix MLP becomes the prefix it makes (He et al. 2021,
 * section
 * 2.6 of the released code), random projections are left out, trained weights of the model's own are in.
 */
export function collapse(method: Method, shape: ModelShape, tensors: Tensors): Collapsed {
  const stored = collapsedMethod(method);
  const names = [
    ...specsOf(stored, shape)
      .filter((spec) => spec.stored)
      .map(({ name }) => name),
    ...unfrozenNames(method, shape),
  ];
  const kept = tf.tidy(() => {
    const made: Record<string, Tensor> = {};
    for (const [name, { keys, values }] of prefixPairs(method, shape, tensors))
      Object.assign(made, { [`${name}.keys`]: keys, [`${name}.values`]: values });
    return Object.fromEntries(names.map((name) => [name, tf.clone(made[name] ?? needed(tensors, name))]));
  });
  return { method: stored, tensors: kept };
}

function needed(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the method's tensor ${name} is missing`);
  return tensor;
}
