import { reorderRows } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';

/** Neighbouring sequences that attention handles together, and the length that they are padded to. */
export interface Grid {
  readonly size: number;
  readonly length: number;
}

/**
 * Where the tokens of a batch stand. Token-wise layers see packed rows `[N, k]`, the real tokens of all sequences one
 * after another and a few filler rows (no work on padding); attention sees padded grids, one or several: short
 * sequences
 * need not be padded to the longest.
 */
export interface Layout {
  readonly grids: readonly Grid[];
  /** Where rows are packed, int32 `[B]`: the last row of each sequence. */
  readonly last?: Tensor;
  /** `[N, parts * heads * width]` -> for each part and grid `[size, heads, length, width]` */
  spreadHeads(x: Tensor, parts: number, heads: number): readonly (readonly Tensor[])[];
  /** `[size, heads, length, width]` of each grid -> `[N, heads * width]` */
  packHeads(x: readonly Tensor[]): Tensor;
}

/** Every position is a row, nothing moves: N = the sequences of all grids times their one length. */
export function fullLayout(grids: readonly Grid[]): Layout {
  const sizes = grids.map(({ size }) => size);
  const batch = sum(sizes);
  const [{ length } = { length: 0 }] = grids;
  if (grids.some((grid) => grid.length !== length))
    throw new Error(`fullLayout: grids of ${grids.map((grid) => grid.length).join(' and ')} positions`);
  return {
    grids,
    spreadHeads: (x, parts, heads) => {
      const all = tf.transpose(
        tf.reshape(x, [batch, length, parts, heads, widthOf(x, parts * heads)]),
        [2, 0, 3, 1, 4],
      );
      return (parts === 1 ? [tf.squeeze(all, [0])] : tf.unstack(all, 0)).map((part) => pieces(part, sizes));
    },
    packHeads: (x) => {
      const all = joined(x);
      const [, heads, , width] = all.shape as [number, number, number, number];
      return tf.reshape(tf.transpose(all, [0, 2, 1, 3]), [batch * length, heads * width]);
    },
  };
}

/**
 * int32: each row's position in the grids, one grid after another; where its sequence starts there; its grid's length;
 * `[cells]` the row of each position; and `[B]` the last row of each sequence.
 */
export interface Places {
  readonly last: Tensor;
  readonly rows: Tensor;
  readonly starts: Tensor;
  readonly spans: Tensor;
  readonly back: Tensor;
}

/**
 * Rows for real tokens only. Both directions are gathers, and so are their gradients: padded positions all read one
 * filler
 * row, filler rows read padded positions, and nothing that the loss reads depends on either (padded keys have weight
 * 0), so
 * their gradients are exactly 0.
 */
export function packedLayout(grids: readonly Grid[], places: Places): Layout {
  const size = places.rows.shape[0] as number;
  return {
    grids,
    last: places.last,
    spreadHeads: (x, parts, heads) => {
      const width = widthOf(x, parts * heads);
      const { spread, pack } = headOrders(grids, places, parts, heads);
      const flat = reorderRows(tf.reshape(x, [size * parts * heads, width]), spread, pack);
      const all = pieces(
        flat,
        Array.from({ length: parts }, () => grids.map((grid) => grid.size * heads * grid.length)).flat(),
      );
      return Array.from({ length: parts }, (_, part) =>
        grids.map((grid, g) =>
          tf.reshape(all[part * grids.length + g] as Tensor, [grid.size, heads, grid.length, width]),
        ),
      );
    },
    packHeads: (x) => {
      const [, heads, , width] = (x[0] as Tensor).shape as [number, number, number, number];
      const { spread, pack } = headOrders(grids, places, 1, heads);
      return tf.reshape(reorderRows(joined(x.map((grid) => tf.reshape(grid, [-1, width]))), pack, spread), [
        size,
        heads * width,
      ]);
    },
  };
}

/**
 * The two orders by head, so that one gather moves tokens and brings heads to the front: `spread` int32
 * `[parts * cells * heads]`, row of `[N * parts * heads, width]`, and `pack` int32 `[N * parts * heads]`, the way back.
 */
function headOrders(
  grids: readonly Grid[],
  { rows, starts, spans, back }: Places,
  parts: number,
  heads: number,
): { readonly spread: Tensor; readonly pack: Tensor } {
  const count = (n: number, shape: readonly number[]): Tensor => tf.reshape(tf.range(0, n, 1, 'int32'), [...shape]);
  const int = (n: number): Tensor => tf.scalar(n, 'int32');
  const cells = sum(grids.map((grid) => grid.size * grid.length));
  const places = tf.add(tf.mul(count(parts, [parts, 1, 1, 1]), int(heads)), count(heads, [1, 1, heads, 1]));
  const spread = pieces(
    back,
    grids.map((grid) => grid.size * grid.length),
  ).map((own, g) => {
    const { size, length } = grids[g] as Grid;
    return tf.reshape(tf.add(tf.mul(tf.reshape(own, [1, size, 1, length]), int(parts * heads)), places), [
      parts,
      size * heads * length,
    ]);
  });
  const column = (x: Tensor): Tensor => tf.reshape(x, [-1, 1, 1]);
  const first = tf.add(tf.mul(starts, int(heads)), tf.sub(rows, starts));
  const pack = tf.add(
    tf.add(column(first), tf.mul(count(parts, [1, parts, 1]), int(cells * heads))),
    tf.mul(count(heads, [1, 1, heads]), column(spans)),
  );
  return { spread: tf.reshape(joined(spread, 1), [-1]), pack: tf.reshape(pack, [-1]) };
}

function pieces(x: Tensor, sizes: readonly number[]): readonly Tensor[] {
  return sizes.length === 1 ? [x] : tf.split(x, [...sizes], 0);
}

function joined(x: readonly Tensor[], axis = 0): Tensor {
  return x.length === 1 ? (x[0] as Tensor) : tf.concat([...x], axis);
}

function widthOf(x: Tensor, pieceCount: number): number {
  return (x.shape[1] as number) / pieceCount;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** `[N, heads * width]` -> `[size, heads, length, width]` of each grid */
export function splitHeads(x: Tensor, heads: number, layout: Layout): readonly Tensor[] {
  return layout.spreadHeads(x, 1, heads)[0] as readonly Tensor[];
}
