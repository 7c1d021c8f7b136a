import { gatherRows } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import { keyMask, layoutOf, type Batch } from './batch';
import { embed, turningPositions } from './embedding';
import type { Forward, Frozen } from './forward';
import { isRelative, relativeBias } from './relative';
import { rotationAt } from './rotary';
import { runStack, type Pass } from './stack';
import type { Stream } from './place';

export { need, plainForward, type Forward, type Frozen } from './forward';

/** Last hidden states of an encoder: `[N, d]`, or `[B, d]` for `read: 'first'` or `'last'`. */
export function encode(frozen: Frozen, batch: Batch, forward: Forward): Tensor {
  const stream = streamOf(frozen, 'encoder', batch, forward);
  const keys = batch.keys.map(keyMask);
  const masks = stream.layout.grids.map(({ length }, g) => {
    const bias = relativeBias(frozen.shape, frozen.weights, 'encoder', length);
    return bias === undefined ? (keys[g] as Tensor) : tf.add(bias, keys[g] as Tensor);
  });
  const pass = { forward, masks, hidesPaddingAlone: !isRelative(frozen.shape) };
  if (pass.hidesPaddingAlone && forward.visit.whole !== true)
    return runStack(frozen, 'encoder', stream, { ...pass, ...rowsRead(batch, forward, keys) });
  return pickRead(runStack(frozen, 'encoder', stream, pass), batch, forward);
}

/** A batch's embedded rows with their places and rotations. */
export function streamOf(frozen: Frozen, stack: 'encoder' | 'decoder', batch: Batch, forward: Forward): Stream {
  const x = embed(frozen, stack, batch, forward);
  const rotation = rotationAt(turningPositions(batch, forward.prompt), frozen.shape);
  return { x, layout: layoutOf(batch), ...(rotation && { rotation }) };
}

function readRows(batch: Batch, read: 'first' | 'last'): Tensor {
  return read === 'first' ? batch.first : batch.last;
}

/** Lets the last block work on the rows that are read alone, each with one mask over the keys. */
export function rowsRead(batch: Batch, { read }: Forward, masks: readonly Tensor[]): Pick<Pass, 'final'> {
  return read === 'all' ? {} : { final: { rows: readRows(batch, read), masks } };
}

/**
 * The rows that are read, where every row had to be computed (a bias that differs from query to query, a visit of whole
 * sequences).
 */
export function pickRead(hidden: Tensor, batch: Batch, { read }: Forward): Tensor {
  return read === 'all' ? hidden : gatherRows(hidden, readRows(batch, read));
}
