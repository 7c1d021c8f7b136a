import { linear, matmul, oneHot, relu, tanh } from '../engine/layers';
import { dropout, type Noise } from '../engine/random';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Batch } from './batch';

/** Mean of each sequence's token rows, prompts and fillers left out. @param hidden `[N, d]` @returns `[B, d]` */
export function meanPool(hidden: Tensor, batch: Batch): Tensor {
  const size = batch.keys.shape[0] as number;
  const belongs = oneHot(batch.sequences, size); // [N, B]
  const counts = tf.maximum(tf.sum(belongs, 0), 1);
  return tf.div(matmul(belongs, hidden, true), tf.expandDims(counts, 1));
}

/** Each row's value replaced by the mean over the tokens of its sequence. @param x `[N, k]` @returns `[N, k]` */
export function sequenceMean(x: Tensor, batch: Batch): Tensor {
  return matmul(oneHot(batch.sequences, batch.keys.shape[0] as number), meanPool(x, batch));
}

/** Activations of the layer that another library's head may have before the last one, which is named by it: `head.tanh.weight`. */
const hiddenLayers: Readonly<Record<string, (x: Tensor) => Tensor>> = { tanh, relu };

/** pooled -> dropout -> linear, or pooled -> dropout -> linear -> activation -> dropout -> linear. @param pooled `[B, d]` @returns logits `[B, classes]` */
export function classify(pooled: Tensor, head: Tensors, rate: number, noise: Noise | undefined): Tensor {
  const layer = (x: Tensor, name: string): Tensor => linear(dropout(x, rate, noise), head[`${name}.weight`] as Tensor, head[`${name}.bias`] as Tensor);
  const [name, activation] = Object.entries(hiddenLayers).find(([own]) => head[`head.${own}.weight`] !== undefined) ?? [];
  return layer(name === undefined || activation === undefined ? pooled : activation(layer(pooled, `head.${name}`)), 'head');
}

/** Weighted mean; filler examples have weight 0. */
export function weightedMean(values: Tensor, weights: Tensor): Tensor {
  return tf.div(tf.sum(tf.mul(values, weights)), tf.maximum(tf.sum(weights), 1e-9));
}
