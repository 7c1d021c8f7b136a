import { gatherRows, oneHot } from '../../engine/layers';
import { tf, type Tensor } from '../../engine/tf';
import type { KeyValues, Recall } from '../place';
import { keyMask, type Batch } from '../batch';
import type { Cross } from '../block';
import { decode, vocabularyLogits } from '../decoder';
import { embed } from '../embedding';
import { encode } from '../encoder';
import type { Forward, Frozen } from '../forward';
import { fullLayout } from '../layout';
import { inPasses, recallIn } from '../passes';
import { relativeBiasAt } from '../relative';
import { rotationsAt } from '../rotary';
import type { ModelShape } from '../shape';
import { runStack } from '../stack';

/*
 * Generation computes each token's keys and values once. They lie in a cache of fixed size, one slot a token, so that
 * every
 * step has the same shapes and runs as one compiled program; what is not filled yet is masked.
 */

/** Keys and values of each layer, `[rows, key-value heads, slots, headWidth]`; those of a second pass behind. */
export type Cache = readonly KeyValues[];

/**
 * The text read so far: log-probabilities or raw scores of the next token `[rows, V]`, the best of them `[rows]`, and
 * the caches.
 */
export type Reading = {
  readonly scores: Tensor;
  readonly best: Tensor;
  readonly own: Cache;
  /** Keys and values of the source; empty for models without an encoder. */
  readonly cross: Cache;
};

/** Reads prompts (of a decoder) or sources and the first target tokens (of an encoder-decoder). */
export function readStart(
  frozen: Frozen,
  { source, target }: { readonly source?: Batch; readonly target: Batch },
  forward: Forward,
  logarithms: boolean,
): Reading {
  const own: KeyValues[] = [];
  const cross: KeyValues[] = [];
  const recall: Recall = (kind, layer, make) => ((kind === 'attn' ? own : cross)[layer] = make());
  const memory = source && {
    hidden: encode(frozen, source, { ...forward, read: 'all', again: undefined }),
    batch: source,
  };
  const settings: Forward = { ...forward, read: 'last', ...(source && { prompt: undefined, promptFrom: undefined }) };
  const hidden = decode(frozen, target, settings, { recall, ...(memory && { memory }) });
  return { ...scored(frozen, hidden, logarithms), own, cross };
}

/** One more token for each of R rows. */
export type Next = {
  /** int32 `[R]` the tokens, and their positions in their own texts */
  readonly ids: Tensor;
  readonly positions: Tensor;
  /** int32 `[R]` the segments that they stand in */
  readonly types: Tensor;
  /** int32 `[R]` first slot of each row's text */
  readonly starts: Tensor;
  /** int32 `[1]` the slot that the tokens take */
  readonly slot: Tensor;
  /** int32 `[R]` row of the cache that each row goes on from (beams change places); left out where none moves */
  readonly parents?: Tensor;
  readonly own: Cache;
  readonly cross: Cache;
  /** float `[B, T_s]` which source tokens there are; R / B beams share a source */
  readonly sourceKeys?: Tensor;
};

export function readNext(frozen: Frozen, next: Next, forward: Forward, logarithms: boolean): Reading {
  const { shape, weights } = frozen;
  const { ids, positions, types, slot, cross, sourceKeys } = next;
  const rows = ids.shape[0] as number;
  const capacity = (next.own[0] as KeyValues).keys.shape[2] as number;
  const own: KeyValues[] = [];
  const put = putter(next, capacity);
  const recall: Recall = (kind, layer, make) => {
    if (kind === 'cross') return cross[layer] as KeyValues;
    const [old, fresh] = [next.own[layer] as KeyValues, make()];
    return (own[layer] = { keys: put(old.keys, fresh.keys), values: put(old.values, fresh.values) });
  };
  const bias = relativeBiasAt(shape, weights, slot, capacity);
  const seen = visibleMask(next, capacity);
  const masks = [bias === undefined ? seen : tf.add(seen, bias)];
  const nearMasks = nearMask(shape, slot, capacity).map((far) => tf.add(masks[0] as Tensor, far));
  const rotations = rotationsAt(positions, shape);
  const tokens = { ids, positions, types };
  const hidden = inPasses({ frozen, stack: 'decoder', tokens }, forward, (given, pass) => {
    const stream = {
      x: embed(frozen, 'decoder', tokens, given),
      layout: fullLayout([{ size: rows, length: 1 }]),
      ...(rotations && { rotations }),
    };
    return runStack(frozen, 'decoder', stream, {
      forward: given,
      masks,
      ...(nearMasks.length > 0 && { nearMasks }),
      recall: recallIn(pass, frozen, recall),
      ...(sourceKeys && { cross: crossOf(stream.x, rows, sourceKeys) }),
    });
  });
  return { ...scored(frozen, hidden, logarithms), own, cross: [] };
}

/** Beams of one source stand next to each other, like queries of one sequence; the memory itself is in the cache. */
function crossOf(x: Tensor, rows: number, sourceKeys: Tensor): Cross {
  const batch = sourceKeys.shape[0] as number;
  return {
    memory: { x, layout: fullLayout([{ size: rows, length: 1 }]) },
    masks: [keyMask(sourceKeys)],
    layout: fullLayout([{ size: batch, length: rows / batch }]),
  };
}

/** Puts one row of keys or values into the free slot, of the beam that it goes on from. */
function putter({ slot, parents }: Next, capacity: number): (old: Tensor, fresh: Tensor) => Tensor {
  const here = tf.reshape(oneHot(slot, capacity), [1, 1, capacity, 1]);
  return (old, fresh) => tf.add(parents === undefined ? old : gatherRows(old, parents), tf.mul(fresh, here));
}

/** 0 for slots from each row's first to this one, -1e9 for the others. `[R, 1, 1, capacity]` */
function visibleMask({ starts, slot }: Next, capacity: number): Tensor {
  const places = tf.range(0, capacity, 1, 'int32');
  const seen = tf.logicalAnd(tf.greaterEqual(places, tf.reshape(starts, [-1, 1])), tf.lessEqual(places, slot));
  return tf.reshape(tf.mul(tf.sub(tf.cast(seen, 'float32'), 1), 1e9), [starts.shape[0] as number, 1, 1, capacity]);
}

/** 0 for slots within the window's reach before this one, -1e9 for earlier ones `[1, 1, 1, capacity]`; none without windows. */
function nearMask({ window }: ModelShape, slot: Tensor, capacity: number): readonly Tensor[] {
  if (window === null) return [];
  const places = tf.range(0, capacity, 1, 'int32');
  const far = tf.less(places, tf.sub(slot, tf.scalar(window.reach, 'int32')));
  return [tf.reshape(tf.mul(tf.cast(far, 'float32'), -1e9), [1, 1, 1, capacity])];
}

function scored(frozen: Frozen, hidden: Tensor, logarithms: boolean): Pick<Reading, 'scores' | 'best'> {
  const logits = vocabularyLogits(frozen, hidden);
  return { scores: logarithms ? tf.logSoftmax(logits) : logits, best: tf.argMax(logits, 1) };
}
