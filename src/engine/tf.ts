import './polyfill';
import * as tf from '@tensorflow/tfjs-node';

export { tf };
export type Tensor = tf.Tensor;
/** Tensors by name: weights of a model, variables of a method, moments of an optimizer. */
export type Tensors = Readonly<Record<string, Tensor>>;
