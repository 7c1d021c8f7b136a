import { reorderRows } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';

/**
 * Where the tokens of a batch stand. Token-wise layers see packed rows `[N, k]`, the real tokens of all sequences one
 * after another and a few filler rows (no work on padding); attention sees the padded grid `[B, T, k]`.
 */
export interface Layout {
  /** B */
  readonly batch: number;
  /** T */
  readonly length: number;
  /** `[N, k]` -> `[B * T, k]`, row b T + t */
  spread(x: Tensor): Tensor;
  /** `[B * T, k]` -> `[N, k]` */
  pack(x: Tensor): Tensor;
}

/** Every position of the grid is a row: N = B T, nothing moves. */
export function fullLayout(batch: number, length: number): Layout {
  return { batch, length, spread: (x) => x, pack: (x) => x };
}

/**
 * Rows for real tokens only. Both directions are gathers, and so are their gradients: padded positions all read one filler
 * row, filler rows read padded positions, and nothing that the loss reads depends on either (padded keys have weight 0), so
 * their gradients are exactly 0.
 * @param rows int32 `[N]`, grid position of each row @param back int32 `[B * T]`, row of each grid position
 */
export function packedLayout(batch: number, length: number, rows: Tensor, back: Tensor): Layout {
  return { batch, length, spread: (x) => reorderRows(x, back, rows), pack: (x) => reorderRows(x, rows, back) };
}

/** `[N, heads * width]` -> `[B, heads, T, width]` */
export function splitHeads(x: Tensor, heads: number, { batch, length, spread }: Layout): Tensor {
  const grid = tf.reshape(spread(x), [batch, length, heads, (x.shape[1] as number) / heads]);
  return tf.transpose(grid, [0, 2, 1, 3]);
}

/** `[B, heads, T, width]` -> `[N, heads * width]` */
export function mergeHeads(x: Tensor, { batch, length, pack }: Layout): Tensor {
  const [, heads, , width] = x.shape as [number, number, number, number];
  return pack(tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * length, heads * width]));
}
