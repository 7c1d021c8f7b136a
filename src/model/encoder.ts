import { gatherRows } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import { keyMask, layoutOf, type Batch } from './batch';
import { embed, turningPositions } from './embedding';
import type { Forward, Frozen } from './forward';
import { inPasses } from './passes';
import { isRelative, relativeBias } from './relative';
import { rotationsAt } from './rotary';
import type { ModelShape } from './shape';
import { isWindowed, layersOf } from './shapes';
import type { Grid } from './layout';
import type { Stack } from './site';
import { runStack, type Pass } from './stack';
import type { Stream } from './place';

export { need, plainForward, type Forward, type Frozen } from './forward';

/** Last hidden states of an encoder: `[N, d]`, or `[B, d]` for `read: 'first'` or `'last'`. */
export function encode(frozen: Frozen, batch: Batch, forward: Forward): Tensor {
  return inPasses({ frozen, stack: 'encoder', tokens: batch }, forward, (own) => encodeOnce(frozen, batch, own));
}

function encodeOnce(frozen: Frozen, batch: Batch, forward: Forward): Tensor {
  const stream = streamOf(frozen, 'encoder', batch, forward);
  const { keys, ...pass } = encoderPass(frozen, batch, stream, forward);
  if (pass.hidesPaddingAlone && !endsNear(frozen.shape, 'encoder') && forward.visit.whole !== true)
    return runStack(frozen, 'encoder', stream, { ...pass, ...rowsRead(batch, forward, keys) });
  return pickRead(runStack(frozen, 'encoder', stream, pass), batch, forward);
}

/** What an encoder's blocks share over a batch, and which keys are there. */
export function encoderPass(
  frozen: Frozen,
  batch: Batch,
  stream: Stream,
  forward: Forward,
): Pass & { readonly keys: readonly Tensor[]; readonly hidesPaddingAlone: boolean } {
  const keys = batch.keys.map(keyMask);
  const { grids } = stream.layout;
  const masks = grids.map(({ length }, g) => {
    const bias = relativeBias(frozen.shape, frozen.weights, 'encoder', length);
    return bias === undefined ? (keys[g] as Tensor) : tf.add(bias, keys[g] as Tensor);
  });
  const nearMasks = near(frozen.shape, grids, masks);
  return { keys, forward, masks, ...(nearMasks && { nearMasks }), hidesPaddingAlone: !isRelative(frozen.shape) };
}

/** A batch's embedded rows with their places and rotations. */
export function streamOf(frozen: Frozen, stack: 'encoder' | 'decoder', batch: Batch, forward: Forward): Stream {
  const prompt = forward.prompt ?? forward.promptFrom?.(batch);
  const x = embed(frozen, stack, batch, { ...forward, prompt });
  const rotations = rotationsAt(turningPositions(batch, prompt), frozen.shape);
  return { x, layout: layoutOf(batch), ...(rotations && { rotations }) };
}

/** The masks with keys beyond the window's reach hidden, on either side; undefined for models without windows. */
export function near(
  { window }: ModelShape,
  grids: readonly Grid[],
  masks: readonly Tensor[],
): readonly Tensor[] | undefined {
  return window === null
    ? undefined
    : grids.map(({ length }, g) => tf.add(masks[g] as Tensor, farMask(length, window.reach)));
}

/** 0 where a key is at most `reach` tokens away from the query, -1e9 elsewhere. `[1, 1, T, T]` */
function farMask(length: number, reach: number): Tensor {
  const places = tf.range(0, length, 1, 'int32');
  const far = tf.greater(
    tf.abs(tf.sub(tf.reshape(places, [1, length]), tf.reshape(places, [length, 1]))),
    tf.scalar(reach, 'int32'),
  );
  return tf.reshape(tf.mul(tf.cast(far, 'float32'), -1e9), [1, 1, length, length]);
}

/** Whether the last layer sees near tokens alone: then each query has keys of its own. */
export function endsNear(shape: ModelShape, stack: Stack): boolean {
  return isWindowed(shape, layersOf(shape, stack) - 1);
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
