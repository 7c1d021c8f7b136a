import { gatherRows, matmul, oneHot } from '../engine/layers';
import { dropout, type Noise } from '../engine/random';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Place, Stream } from './attention';
import { keyMask, layoutOf, type Batch } from './batch';
import { block, normOf } from './block';
import { fullLayout } from './layout';
import type { ModelShape } from './shape';
import { untouched, type Visit } from './site';

/** How to run a model: nothing here changes its weights. */
export interface Forward {
  readonly visit: Visit;
  readonly noise: Noise | undefined;
  readonly dropout: number;
  /** Free vectors `[l, d]` in front of every sequence; the batch must have been packed with l slots. */
  readonly prompt: Tensor | undefined;
  /** Rows that anything reads: all, or each sequence's first token (the last block then works on those alone). */
  readonly read: 'all' | 'first';
}

export const plainForward: Forward = { visit: untouched, noise: undefined, dropout: 0, prompt: undefined, read: 'all' };

/** A frozen model as its pure function sees it. */
export interface Frozen { readonly shape: ModelShape; readonly weights: Tensors }

/** Last hidden states of an encoder: `[N, d]`, or `[B, d]` for `read: 'first'`. */
export function encode({ shape, weights }: Frozen, batch: Batch, forward: Forward): Tensor {
  const layout = layoutOf(batch);
  const place = (layer: number): Place => ({ shape, weights, stack: 'encoder', layer, ...forward });
  const mask = keyMask(batch.keys);
  let stream: Stream = { x: embed({ shape, weights }, batch, forward), layout };
  for (let layer = 0; layer < shape.encoderLayers; layer++) {
    const last = layer === shape.encoderLayers - 1 && forward.read === 'first';
    stream = block(place(layer), last ? firstTokens(stream, batch) : stream, { memory: stream, mask });
  }
  return shape.norm.final ? normOf(shape, weights, 'encoder.norm')(stream.x) : stream.x;
}

function firstTokens(stream: Stream, batch: Batch): Stream {
  return { x: gatherRows(stream.x, batch.first), layout: fullLayout(batch.first.shape[0] as number, 1) };
}

/** Word + position + type embeddings, prompt vectors in their slots (no position added to them), then norm and dropout. */
function embed({ shape, weights }: Frozen, batch: Batch, forward: Forward): Tensor {
  const word = gatherRows(need(weights, 'embedding.word'), batch.ids);
  let x = shape.embeddingScale === 1 ? word : tf.mul(word, shape.embeddingScale);
  if (shape.positions.kind === 'learned') x = tf.add(x, gatherRows(need(weights, 'embedding.position'), tf.add(batch.positions, tf.scalar(shape.positions.offset, 'int32'))));
  if (shape.tokenTypes > 0) x = tf.add(x, gatherRows(need(weights, 'embedding.type'), batch.types));
  if (forward.prompt !== undefined) x = placePrompt(x, forward.prompt, batch.prompts);
  if (shape.embeddingNorm) x = normOf(shape, weights, 'embedding.norm')(x);
  return forward.visit({ site: 'embedding', stack: 'encoder', layer: 0, input: word, output: dropout(x, forward.dropout, forward.noise) });
}

/** One-hot rows times the prompt: the gradient is a matrix product, and rows without a prompt are left as they were. */
function placePrompt(x: Tensor, prompt: Tensor, slots: Tensor): Tensor {
  const here = oneHot(slots, prompt.shape[0] as number);
  const token = tf.cast(tf.expandDims(tf.less(slots, 0), 1), 'float32');
  return tf.add(tf.mul(x, token), matmul(here, prompt));
}

export function need(weights: Tensors, name: string): Tensor {
  const weight = weights[name];
  if (weight === undefined) throw new Error(`weight ${name} is missing`);
  return weight;
}
