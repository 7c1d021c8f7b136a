import { upload } from '../engine/memory';
import type { Places } from '../engine/random';
import { tf, type Tensor } from '../engine/tf';
import { fullLayout, packedLayout, type Grid, type Layout } from './layout';
import { rowsInWhole, type PackedArrays, type Whole } from './packing';

/** A packed batch as tensors: what a step is fed. `keys` carries the grids in its shapes. */
export type Batch = {
  readonly ids: Tensor;
  readonly types: Tensor;
  readonly positions: Tensor;
  readonly prompts: Tensor;
  readonly sequences: Tensor;
  readonly rows: Tensor;
  readonly starts: Tensor;
  readonly spans: Tensor;
  readonly back: Tensor;
  /** float `[size, length]` of each grid, 1 where a key may be attended to */
  readonly keys: readonly Tensor[];
  readonly first: Tensor;
  readonly last: Tensor;
  /** Of a shard, where it stands in its batch: int32 `[1 + N]` and `[1 + B]`, as `Places` has them. */
  readonly whole?: { readonly rows: Tensor; readonly sequences: Tensor };
};

const int = (values: Int32Array): Tensor => upload(values, [values.length]);

/** @param of the batch that these sequences are a shard of, and where each stands in it */
export function uploadBatch(arrays: PackedArrays, of?: Whole): Batch {
  return {
    ids: int(arrays.ids),
    types: int(arrays.types),
    positions: int(arrays.positions),
    prompts: int(arrays.prompts),
    sequences: int(arrays.sequences),
    rows: int(arrays.rows),
    starts: int(arrays.starts),
    spans: int(arrays.spans),
    back: int(arrays.back),
    keys: keysOf(arrays),
    first: int(arrays.first),
    last: int(arrays.last),
    ...(of && {
      whole: {
        rows: int(rowsInWhole(arrays, of)),
        sequences: int(Int32Array.from([of.packed.first.length, ...of.order])),
      },
    }),
  };
}

/** Where dropout draws for each row and sequence of texts that are shards; undefined for whole batches. */
export function placesIn(texts: readonly (Batch | undefined)[]): Places | undefined {
  const shards = texts.flatMap((text) => (text?.whole === undefined ? [] : [text.whole]));
  const [first] = shards;
  return first && { rows: shards.map(({ rows }) => rows), sequences: first.sequences };
}

export function layoutOf(batch: Batch): Layout {
  const grids = batch.keys.map(({ shape: [size = 0, length = 0] }): Grid => ({ size, length }));
  const [{ size, length } = { size: 0, length: 0 }, ...more] = grids;
  return more.length === 0 && batch.ids.shape[0] === size * length ? fullLayout(grids) : packedLayout(grids, batch);
}

function keysOf({ grids, keys }: PackedArrays): readonly Tensor[] {
  let from = 0;
  return grids.map(({ size, length }) => upload(keys.slice(from, (from += size * length)), [size, length]));
}

/** B, the sequences of a batch. */
export function sequencesIn(batch: Batch): number {
  return batch.first.shape[0] as number;
}

/** Added to scores: 0 for keys that may be attended to, -1e9 for the rest. `[B, 1, 1, T]` */
export function keyMask(keys: Tensor): Tensor {
  const [batch, length] = keys.shape as [number, number];
  return tf.reshape(tf.mul(tf.sub(keys, 1), 1e9), [batch, 1, 1, length]);
}
