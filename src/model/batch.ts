import { upload } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import { fullLayout, packedLayout, type Layout } from './layout';
import type { PackedArrays } from './packing';

/** A packed batch as tensors: what a step is fed. `keys` carries B and T in its shape. */
export type Batch = {
  readonly ids: Tensor;
  readonly types: Tensor;
  readonly positions: Tensor;
  readonly prompts: Tensor;
  readonly sequences: Tensor;
  readonly rows: Tensor;
  readonly back: Tensor;
  /** float `[B, T]`, 1 where a key may be attended to */
  readonly keys: Tensor;
  readonly first: Tensor;
  readonly last: Tensor;
};

export function uploadBatch(arrays: PackedArrays): Batch {
  const int = (values: Int32Array): Tensor => upload(values, [values.length]);
  return {
    ids: int(arrays.ids), types: int(arrays.types), positions: int(arrays.positions), prompts: int(arrays.prompts),
    sequences: int(arrays.sequences), rows: int(arrays.rows), back: int(arrays.back),
    keys: upload(arrays.keys, [arrays.batch, arrays.length]), first: int(arrays.first), last: int(arrays.last),
  };
}

export function layoutOf(batch: Batch): Layout {
  const [size, length] = batch.keys.shape as [number, number];
  return batch.ids.shape[0] === size * length ? fullLayout(size, length) : packedLayout(size, length, batch.rows, batch.back);
}

/** Added to scores: 0 for keys that may be attended to, -1e9 for the rest. `[B, 1, 1, T]` */
export function keyMask(keys: Tensor): Tensor {
  const [batch, length] = keys.shape as [number, number];
  return tf.reshape(tf.mul(tf.sub(keys, 1), 1e9), [batch, 1, 1, length]);
}
