import { gatherRows, matmul, tanh } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import type { Recall } from './place';
import { keyMask, layoutOf, type Batch } from './batch';
import type { Cross } from './block';
import { encode, endsNear, near, pickRead, rowsRead, streamOf } from './encoder';
import { need, type Forward, type Frozen } from './forward';
import { inPasses, recallIn } from './passes';
import { isRelative, relativeBias } from './relative';
import { runStack } from './stack';

/** The encoder's last hidden states `[N_s, d]` and the source batch that they belong to. */
export interface Memory {
  readonly hidden: Tensor;
  readonly batch: Batch;
}

/**
 * What a decoder reads besides its own tokens: an encoder's output, where there is one; where keys and values go, in
 * generation.
 */
export interface Context {
  readonly memory?: Memory;
  readonly recall?: Recall;
}

/**
 * Last hidden states of a decoder, which sees tokens before each position alone: `[N, d]`, or `[B, d]` for `read:
 * 'last'`.
 */
export function decode(frozen: Frozen, batch: Batch, forward: Forward, { memory, recall }: Context = {}): Tensor {
  return inPasses({ frozen, stack: 'decoder', tokens: batch }, forward, (own, pass) =>
    decodeOnce(frozen, batch, own, {
      ...(memory && { memory }),
      ...(recall && { recall: recallIn(pass, frozen, recall) }),
    }),
  );
}

function decodeOnce(frozen: Frozen, batch: Batch, forward: Forward, { memory, recall }: Context): Tensor {
  const { shape, weights } = frozen;
  const stream = streamOf(frozen, 'decoder', batch, forward);
  const keys = batch.keys.map(keyMask);
  const masks = stream.layout.grids.map(({ length }, g) => {
    const bias = relativeBias(shape, weights, 'decoder', length);
    const past = tf.add(keys[g] as Tensor, causalMask(length)); // [size, 1, T, T]
    return bias === undefined ? past : tf.add(past, bias);
  });
  const nearMasks = near(shape, stream.layout.grids, masks);
  const pass = {
    forward,
    masks,
    ...(nearMasks && { nearMasks }),
    ...(memory && { cross: crossOf(memory) }),
    ...(recall && { recall }),
  };
  // The last token may read every token of its sequence: keys alone are its mask.
  const alike = !isRelative(shape) && !endsNear(shape, 'decoder') && memory === undefined;
  if (alike && forward.read === 'last' && forward.visit.whole !== true)
    return runStack(frozen, 'decoder', stream, { ...pass, ...rowsRead(batch, forward, keys) });
  return pickRead(runStack(frozen, 'decoder', stream, pass), batch, forward);
}

function crossOf({ hidden, batch }: Memory): Cross {
  return { memory: { x: hidden, layout: layoutOf(batch) }, masks: batch.keys.map(keyMask) };
}

/** 0 where a key is not after the query, -1e9 elsewhere. `[1, 1, T, T]` */
function causalMask(length: number): Tensor {
  const places = tf.range(0, length, 1, 'int32');
  const after = tf.greater(tf.reshape(places, [1, length]), tf.reshape(places, [length, 1]));
  return tf.reshape(tf.mul(tf.cast(after, 'float32'), -1e9), [1, 1, length, length]);
}

/** A source and a target of an encoder-decoder, or the one sequence of a decoder. */
export type TextPair = { readonly source?: Batch; readonly target: Batch };

/**
 * Hidden states of the target rows `[N_t, d]` of a language model of either kind. A prompt stands before the source, or
 * before the target where there is none.
 */
export function decodeText(frozen: Frozen, { source, target }: TextPair, forward: Forward): Tensor {
  if (source === undefined) return decode(frozen, target, forward);
  const { words: _given, promptFrom: _written, ...own } = forward; // given vectors are the source's
  const hidden = encode(frozen, source, { ...forward, read: 'all', again: undefined });
  return decode(frozen, target, { ...own, prompt: undefined }, { memory: { hidden, batch: source } });
}

/** Scores of every word for rows of hidden states. @param hidden `[M, d]` @returns `[M, vocabulary]` */
export function vocabularyLogits({ shape, weights }: Frozen, hidden: Tensor): Tensor {
  const { kind, scale, fixedBias } = shape.output;
  const read = scale === 1 ? hidden : tf.mul(hidden, scale);
  if (kind === 'none') throw new Error(`a ${shape.family} model has no language-model head`);
  const plain =
    kind === 'own'
      ? matmul(read, need(weights, 'output.weight'))
      : matmul(read, need(weights, 'embedding.word'), false, true);
  const { output: cap } = shape.softCap;
  const scores = cap === null ? plain : tf.mul(tanh(tf.div(plain, cap)), cap);
  return fixedBias === true ? tf.add(scores, need(weights, 'output.fixedBias')) : scores;
}

/** The same for some rows only: nothing is computed for positions that nobody reads. @param rows int32 `[M]` */
export function logitsAt(frozen: Frozen, hidden: Tensor, rows: Tensor): Tensor {
  return vocabularyLogits(frozen, gatherRows(hidden, rows));
}
