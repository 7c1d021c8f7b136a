import { gatherRows } from '../engine/layers';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { ModelShape } from './shape';
import { distancesOf } from './shapes';
import type { Stack } from './site';

/** Buckets of distances and whether keys to the right have buckets of their own. */
interface Buckets {
  readonly buckets: number;
  readonly maxDistance: number;
  readonly bidirectional: boolean;
}

/**
 * T5's bucket of a distance key - query (Raffel et al. 2020, section 2.1): small distances have a bucket each, larger
 * ones
 * share buckets that widen logarithmically. Rounded as float32 arithmetic rounds.
 */
export function bucketOf(distance: number, { buckets, maxDistance, bidirectional }: Buckets): number {
  const count = bidirectional ? buckets / 2 : buckets;
  const base = bidirectional && distance > 0 ? count : 0;
  const far = bidirectional ? Math.abs(distance) : Math.max(-distance, 0);
  const exact = Math.floor(count / 2);
  if (far < exact) return base + far;
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(far / exact))) / Math.fround(Math.log(maxDistance / exact)),
  );
  return base + Math.min(exact + Math.floor(Math.fround(share * (count - exact))), count - 1);
}

function bucketsOf(shape: ModelShape, stack: Stack): Buckets | undefined {
  const distances = distancesOf(shape);
  return distances && { ...distances, bidirectional: stack === 'encoder' };
}

/** Whether attention's scores have a bias by distance. */
export function isRelative(shape: ModelShape): boolean {
  return distancesOf(shape) !== undefined;
}

/** Bias of every query and key of a grid, `[1, heads, T, T]`, or undefined for models without relative positions. */
export function relativeBias(shape: ModelShape, weights: Tensors, stack: Stack, length: number): Tensor | undefined {
  const kind = bucketsOf(shape, stack);
  if (kind === undefined) return undefined;
  const indices = Int32Array.from({ length: length * length }, (_, i) =>
    bucketOf((i % length) - Math.floor(i / length), kind),
  );
  return headsFirst(gatherRows(tableOf(weights, stack), tf.tensor1d(indices, 'int32')), [length, length]);
}

/**
 * The same for one query at `slot` and keys 0..capacity-1, those after it arbitrary: `[1, heads, 1, capacity]`.
 * @param slot int32 scalar
 */
export function relativeBiasAt(
  shape: ModelShape,
  weights: Tensors,
  slot: Tensor,
  capacity: number,
): Tensor | undefined {
  const kind = bucketsOf(shape, 'decoder');
  if (kind === undefined) return undefined;
  const byAge = Int32Array.from({ length: capacity }, (_, age) => bucketOf(-age, kind));
  const table = gatherRows(tableOf(weights, 'decoder'), tf.tensor1d(byAge, 'int32')); // [capacity, heads]
  const ages = tf.maximum(tf.sub(slot, tf.range(0, capacity, 1, 'int32')), tf.scalar(0, 'int32'));
  return headsFirst(gatherRows(table, ages), [1, capacity]);
}

function headsFirst(rows: Tensor, [queries, keys]: readonly [number, number]): Tensor {
  return tf.expandDims(tf.transpose(tf.reshape(rows, [queries, keys, rows.shape[1] as number]), [2, 0, 1]), 0);
}

function tableOf(weights: Tensors, stack: Stack): Tensor {
  const table = weights[`${stack}.relative`];
  if (table === undefined) throw new Error(`weight ${stack}.relative is missing`);
  return table;
}
