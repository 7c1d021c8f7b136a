import { gatherRows, linear, matmul, oneHot, scatterRows } from '../engine/layers';
import { dropout } from '../engine/random';
import { tf, type Tensor } from '../engine/tf';
import type { Batch } from './batch';
import { normOf } from './block';
import { need, type Forward, type Frozen } from './forward';
import { hasCrossAttention } from './shapes';
import type { Stack } from './site';

/**
 * What an embedding reads of a batch; prompts only for methods that have them. Types are the segments of a text, which a
 * model may have a table for and a method a lookup.
 */
export type Tokens = Pick<Batch, 'ids' | 'positions'> & Partial<Pick<Batch, 'types' | 'prompts' | 'first'>>;

/**
 * Word + position + type embeddings, prompt vectors in their slots (no position added to them), then norm, the map from
 * narrower tables to d, and dropout. `[N, d]`
 */
export function embed(frozen: Frozen, stack: Stack, tokens: Tokens, forward: Forward): Tensor {
  const { shape, weights } = frozen;
  const word = wordVectors(frozen, stack, tokens, forward);
  const [positions, norm] = hasCrossAttention(shape)
    ? [`${stack}.position`, `${stack}.embeddingNorm`]
    : ['embedding.position', 'embedding.norm'];
  let x = word;
  if (shape.positions.kind === 'learned' || shape.positions.kind === 'sinusoidal') {
    const { offset, padding } =
      shape.positions.kind === 'learned' ? shape.positions : { offset: 0, padding: undefined };
    const moved = forward.firstPositions?.[stack] ?? 0;
    // A prompt that counts as earlier tokens is given as vectors, and vectors are counted whatever their ids were.
    const counted =
      moved > 0 && forward.prompt !== undefined ? tokens.positions : countedPositions(tokens, padding, moved);
    x = tf.add(x, gatherRows(need(weights, positions), shifted(counted, offset + moved)));
  }
  if (shape.tokenTypes > 0 && tokens.types !== undefined)
    x = tf.add(x, gatherRows(need(weights, 'embedding.type'), tokens.types));
  if (forward.prompt !== undefined && tokens.prompts !== undefined) x = placePrompt(x, forward.prompt, tokens);
  if (shape.embeddingNorm) x = normOf(shape, weights, norm)(x);
  if (shape.embeddingWidth !== null)
    x = linear(x, need(weights, 'embedding.project.weight'), need(weights, 'embedding.project.bias'));
  return forward.visit({
    site: 'embedding',
    stack,
    layer: 0,
    input: word,
    ...(tokens.types && { segments: tokens.types }),
    output: dropout(x, forward.dropout, forward.noise),
  });
}

/** The word vectors `[N, w]` of a batch, scaled as the model reads them, or those that are given in their place. */
export function wordVectors({ shape, weights }: Frozen, stack: Stack, { ids }: Tokens, { words }: Forward): Tensor {
  const table = stack === 'decoder' && shape.decoderWords === true ? 'decoder.word' : 'embedding.word';
  return words ?? scaled(gatherRows(need(weights, table), ids), shape.embeddingScale);
}

function scaled(words: Tensor, scale: number): Tensor {
  return scale === 1 ? words : tf.mul(words, scale);
}

/**
 * RoBERTa counts what is no padding, even where its id stands inside a text; padding itself stands before the first row,
 * also where the others are moved.
 * Rows of a sequence are neighbours, so that each row's own position leads to the row that its sequence starts at.
 */
function countedPositions({ ids, positions }: Tokens, padding: number | undefined, moved: number): Tensor {
  if (padding === undefined) return positions;
  const isPadding = tf.equal(ids, tf.scalar(padding, 'int32'));
  const before = tf.reshape(tf.cumsum(tf.cast(isPadding, 'float32'), 0, true), [-1, 1]); // [N, 1]
  const starts = tf.sub(tf.range(0, ids.shape[0] as number, 1, 'int32'), positions);
  const within = tf.reshape(tf.sub(before, gatherRows(before, starts)), [-1]);
  return tf.where(isPadding, tf.scalar(-1 - moved, 'int32'), tf.sub(positions, tf.cast(within, 'int32')));
}

function shifted(positions: Tensor, offset: number): Tensor {
  return offset === 0 ? positions : tf.add(positions, tf.scalar(offset, 'int32'));
}

/**
 * One-hot rows times the prompt that all sequences share: the gradient is a matrix product. Prompts of their own go to
 * the rows before each sequence's first token. Rows without a prompt are left as they were.
 */
function placePrompt(x: Tensor, prompt: Tensor, { prompts, first }: Tokens): Tensor {
  if (prompts === undefined) return x;
  const token = tf.cast(tf.expandDims(tf.less(prompts, 0), 1), 'float32');
  const kept = tf.mul(x, token);
  if (prompt.rank === 2) return tf.add(kept, matmul(oneHot(prompts, slotsIn(prompt)), prompt));
  if (first === undefined) throw new Error('prompts of their own need to know where sequences begin');
  const [sequences, slots, width] = prompt.shape as [number, number, number];
  const before = tf.range(-slots, 0, 1, 'int32');
  const rows = tf.reshape(tf.add(tf.reshape(first, [sequences, 1]), before), [sequences * slots]);
  return tf.add(kept, scatterRows(tf.reshape(prompt, [sequences * slots, width]), rows, x.shape[0] as number));
}

/** Slots l of a prompt `[l, d]` or `[B, l, d]`. */
function slotsIn(prompt: Tensor): number {
  return prompt.shape[prompt.rank - 2] as number;
}

/** Positions for rotary embeddings: prompt vectors stand at -l..-1, before the first token. */
export function turningPositions({ positions, prompts }: Tokens, prompt: Tensor | undefined): Tensor {
  if (prompt === undefined || prompts === undefined) return positions;
  const length = tf.scalar(slotsIn(prompt), 'int32');
  return tf.where(tf.greaterEqual(prompts, 0), tf.sub(prompts, length), positions);
}
