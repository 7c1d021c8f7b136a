import { linear, logSumExp, matmul, oneHot, relu, tanh } from '../engine/layers';
import { dropout, type Noise } from '../engine/random';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { sequencesIn, type Batch } from './batch';
import type { TextPair } from './decoder';
import type { SequenceMean } from './site';

/** Mean of each sequence's token rows, prompts and fillers left out. @param hidden `[N, d]` @returns `[B, d]` */
export function meanPool(hidden: Tensor, batch: Batch): Tensor {
  const size = sequencesIn(batch);
  const belongs = oneHot(batch.sequences, size); // [N, B]
  const counts = tf.maximum(tf.sum(belongs, 0), 1);
  return tf.div(matmul(belongs, hidden, true), tf.expandDims(counts, 1));
}

/** Each row's value replaced by the mean over the tokens of its sequence. @param x `[N, k]` @returns `[N, k]` */
export function sequenceMean(x: Tensor, batch: Batch): Tensor {
  return matmul(oneHot(batch.sequences, sequencesIn(batch)), meanPool(x, batch));
}

/**
 * Each site's own means: those of the decoder's text in a decoder beside an encoder, but of the source where keys and
 * values come from there.
 */
export function sequenceMeans({ source, target }: TextPair): SequenceMean {
  const isOwn = (stack: string, site: string): boolean =>
    source === undefined || (stack === 'decoder' && !/^cross\.(key|value)$/.test(site));
  return (x, { stack, site }) => sequenceMean(x, isOwn(stack, site) ? target : (source as Batch));
}

/**
 * Activations of the layer that another library's head may have before the last one, which is named by it:
 * `head.tanh.weight`.
 */
const hiddenLayers: Readonly<Record<string, (x: Tensor) => Tensor>> = { tanh, relu };

/**
 * pooled -> dropout -> linear, or pooled -> dropout -> linear -> activation -> dropout -> linear. @param pooled `[B,
 * d]` @returns logits `[B, classes]`
 */
export function classify(pooled: Tensor, head: Tensors, rate: number, noise: Noise | undefined): Tensor {
  const layer = (x: Tensor, name: string): Tensor =>
    linear(dropout(x, rate, noise), head[`${name}.weight`] as Tensor, head[`${name}.bias`] as Tensor);
  const [name, activation] =
    Object.entries(hiddenLayers).find(([own]) => head[`head.${own}.weight`] !== undefined) ?? [];
  return layer(
    name === undefined || activation === undefined ? pooled : activation(layer(pooled, `head.${name}`)),
    'head',
  );
}

/**
 * Negative log-likelihood of each row's label, natural log. For few classes: through dense targets compiled and eager
 * steps stay closer
 * together than through `smoothedCrossEntropy`, which spares a vocabulary its table of targets.
 * @param logits `[B, classes]` @param labels int32 `[B]` @param smoothing share of the target spread evenly over all
 *   classes
 * @returns `[B]`
 */
export function crossEntropy(logits: Tensor, labels: Tensor, smoothing: number): Tensor {
  const classes = logits.shape[1] as number;
  const target = oneHot(labels, classes, 1 - smoothing + smoothing / classes, smoothing / classes);
  const logMass = tf.squeeze(logSumExp(logits), [1]);
  return tf.sub(logMass, tf.sum(tf.mul(target, logits), 1)); // targets sum to one
}

/** Weighted mean; filler examples have weight 0. */
export function weightedMean(values: Tensor, weights: Tensor): Tensor {
  return tf.div(tf.sum(tf.mul(values, weights)), tf.maximum(tf.sum(weights), 1e-9));
}
