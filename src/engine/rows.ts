import { rawOp } from './backend';
import { withGradient } from './gradient';
import { tf, type Tensor } from './tf';

/** `on` at each index, `off` elsewhere; a row of `off` for an index outside 0..depth-1. @returns float `[n, depth]` */
export function oneHot(indices: Tensor, depth: number, on = 1, off = 0): Tensor {
  return rawOp('OneHot', { T: 'float32', TI: 'int32', axis: -1 }, [
    indices,
    tf.scalar(depth, 'int32'),
    tf.scalar(on),
    tf.scalar(off),
  ]);
}

/**
 * Rows of a table. The gradient adds up rows that were read more than once (`UnsortedSegmentSum`).
 * @param table `[V, d]` @param rows int32 `[n]` @returns `[n, d]`
 */
export function gatherRows(table: Tensor, rows: Tensor): Tensor {
  const size = table.shape[0] as number;
  const types = { T: 'float32', Tindices: 'int32', Tnumsegments: 'int32' } as const;
  return withGradient([table], () => ({
    value: rawGather(table, rows),
    kept: [rows],
    gradient: (dy, _inputs, [index]) => [rawOp('UnsortedSegmentSum', types, [dy, index, tf.scalar(size, 'int32')])],
  }));
}

/**
 * `[size, k]` with each row of x where `rows` says, and zeros elsewhere; rows that name one place add up.
 * @param rows int32 `[n]`
 */
export function scatterRows(x: Tensor, rows: Tensor, size: number): Tensor {
  const types = { T: 'float32', Tindices: 'int32', Tnumsegments: 'int32' } as const;
  return withGradient([x], () => ({
    value: rawOp('UnsortedSegmentSum', types, [x, rows, tf.scalar(size, 'int32')]),
    kept: [rows],
    gradient: (dy, _inputs, [index]) => [rawGather(dy, index)],
  }));
}

/**
 * Rows of x in another order, where the gradient is a plain gather too: the caller knows which output row each input
 * row
 * went to, and that rows read more than once or never have zero gradient (see `layout.ts`).
 * @param x `[n, k]` @param order int32 `[m]`, row of x for each row of the result @param back int32 `[n]`, row of the
 *   result for each row of x
 */
export function reorderRows(x: Tensor, order: Tensor, back: Tensor): Tensor {
  return withGradient([x], () => ({
    value: rawGather(x, order),
    kept: [back],
    gradient: (dy, _inputs, [index]) => [rawGather(dy, index)],
  }));
}

function rawGather(table: Tensor, rows: Tensor): Tensor {
  return rawOp('GatherV2', { batch_dims: 0, Tparams: 'float32', Tindices: 'int32', Taxis: 'int32' }, [
    table,
    rows,
    tf.scalar(0, 'int32'),
  ]);
}
