import { upload } from '../engine/memory';
import type { Tensor } from '../engine/tf';
import type { Batch } from '../model/batch';

/** A packed batch and what is to be learned from it. */
export type LabelledBatch = {
  readonly inputs: Batch;
  /** int32 `[B]`; of a head that answers otherwise what its objective is held against, float `[B]` or `[B, outputs]` */
  readonly labels: Tensor;
  /** float `[B]`, 0 for filler examples */
  readonly weights: Tensor;
};

/** @param weights 1 for each where left out */
export function labelledBatch(
  inputs: Batch,
  labels: ArrayLike<number>,
  weights: ArrayLike<number> = new Float32Array(labels.length).fill(1),
): LabelledBatch {
  const shape = [labels.length];
  return { inputs, labels: upload(Int32Array.from(labels), shape), weights: upload(Float32Array.from(weights), shape) };
}
