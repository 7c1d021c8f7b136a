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
  /** `[N, parts * heads * width]` -> `[parts, B, heads, T, width]` */
  spreadHeads(x: Tensor, parts: number, heads: number): Tensor;
  /** `[B, heads, T, width]` -> `[N, heads * width]` */
  packHeads(x: Tensor): Tensor;
}

/** Every position of the grid is a row: N = B T, nothing moves. */
export function fullLayout(batch: number, length: number): Layout {
  return {
    batch, length,
    spreadHeads: (x, parts, heads) => tf.transpose(tf.reshape(x, [batch, length, parts, heads, widthOf(x, parts * heads)]), [2, 0, 3, 1, 4]),
    packHeads: (x) => {
      const [, heads, , width] = x.shape as [number, number, number, number];
      return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * length, heads * width]);
    },
  };
}

/**
 * Rows for real tokens only. Both directions are gathers, and so are their gradients: padded positions all read one filler
 * row, filler rows read padded positions, and nothing that the loss reads depends on either (padded keys have weight 0), so
 * their gradients are exactly 0.
 * @param rows int32 `[N]`, grid position of each row @param back int32 `[B * T]`, row of each grid position
 */
export function packedLayout(batch: number, length: number, rows: Tensor, back: Tensor): Layout {
  const size = rows.shape[0] as number;
  return {
    batch, length,
    spreadHeads: (x, parts, heads) => {
      const width = widthOf(x, parts * heads);
      const { spread, pack } = headOrders({ rows, back, batch, length }, parts, heads);
      return tf.reshape(reorderRows(tf.reshape(x, [size * parts * heads, width]), spread, pack), [parts, batch, heads, length, width]);
    },
    packHeads: (x) => {
      const [, heads, , width] = x.shape as [number, number, number, number];
      const { spread, pack } = headOrders({ rows, back, batch, length }, 1, heads);
      return tf.reshape(reorderRows(tf.reshape(x, [batch * heads * length, width]), pack, spread), [size, heads * width]);
    },
  };
}

interface Rows { readonly rows: Tensor; readonly back: Tensor; readonly batch: number; readonly length: number }

/**
 * The two orders by head, so that one gather moves tokens and brings heads to the front: `spread` int32
 * `[parts * B * heads * T]`, row of `[N * parts * heads, width]`, and `pack` int32 `[N * parts * heads]`, the way back.
 */
function headOrders({ rows, back, batch, length }: Rows, parts: number, heads: number): { readonly spread: Tensor; readonly pack: Tensor } {
  const count = (n: number, shape: readonly number[]): Tensor => tf.reshape(tf.range(0, n, 1, 'int32'), [...shape]);
  const int = (n: number): Tensor => tf.scalar(n, 'int32');
  const spread = tf.add(tf.mul(tf.reshape(back, [1, batch, 1, length]), int(parts * heads)), tf.add(tf.mul(count(parts, [parts, 1, 1, 1]), int(heads)), count(heads, [1, 1, heads, 1])));
  const sequence = tf.floorDiv(rows, int(length));
  const time = tf.sub(rows, tf.mul(sequence, int(length)));
  const first = tf.reshape(tf.add(tf.mul(sequence, int(heads * length)), time), [-1, 1, 1]);
  const pack = tf.add(first, tf.add(tf.mul(count(parts, [1, parts, 1]), int(batch * heads * length)), tf.mul(count(heads, [1, 1, heads]), int(length))));
  return { spread: tf.reshape(spread, [-1]), pack: tf.reshape(pack, [-1]) };
}

function widthOf(x: Tensor, pieces: number): number { return (x.shape[1] as number) / pieces; }

/** `[N, heads * width]` -> `[B, heads, T, width]` */
export function splitHeads(x: Tensor, heads: number, layout: Layout): Tensor {
  return tf.squeeze(layout.spreadHeads(x, 1, heads), [0]);
}

/** `[B, heads, T, width]` -> `[N, heads * width]` */
export function mergeHeads(x: Tensor, layout: Layout): Tensor {
  return layout.packHeads(x);
}
