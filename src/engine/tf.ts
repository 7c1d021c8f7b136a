import './pools';
import * as tf from '@tensorflow/tfjs-node';

export { tf };
export type Tensor = tf.Tensor;
/** Tensors by name: weights of a model, variables of a method, moments of an optimizer. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Tensors that the caller owns, with the same values. */
export function copies(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.clone()]));
}

/**
 * The sum of tensors of one shape, added in their order; `tf.addN` adds in whatever order memory becomes free, and
 * rounds so.
 */
export function sumOf(tensors: readonly Tensor[]): Tensor {
  return tensors.reduce((sum, t) => tf.add(sum, t));
}
