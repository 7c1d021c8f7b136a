import { smoothedCrossEntropy } from '../engine/loss';
import { upload } from '../engine/memory';
import type { Tensor } from '../engine/tf';
import type { Batch } from './batch';
import { decodeText, logitsAt, type TextPair } from './decoder';
import type { Forward, Frozen } from './forward';
import type { PackedArrays } from './packing';

/** A token sequence whose tokens from index `from` (at least 1) on are to be predicted, each from those before it. */
export interface TargetSequence {
  readonly ids: ArrayLike<number>;
  readonly from: number;
}

/** M places where a next token is learned; fillers have weight 0. */
export interface TargetArrays {
  /** `[M]` rows of the packed batch */
  readonly rows: Int32Array;
  /** `[M]` the token that follows each */
  readonly labels: Int32Array;
  readonly weights: Float32Array;
}

/** What a language model learns from: packed texts and the places where a next token is read. */
export type LanguageBatch = TextPair & {
  readonly rows: Tensor;
  readonly labels: Tensor;
  readonly weights: Tensor;
  /** What a prompt is written from, in the tokens of its encoder; sequences in the same order. */
  readonly reads?: Batch;
};

function targetCount(sequences: readonly TargetSequence[]): number {
  return sequences.reduce((sum, { ids, from }) => sum + ids.length - from, 0);
}

/**
 * Where and what to predict when every sequence was packed without its last token, in this order.
 * @param packed the batch they were packed into @param size M, at least `targetCount`
 */
export function nextTokens(
  sequences: readonly TargetSequence[],
  { first }: Pick<PackedArrays, 'first'>,
  size: number,
): TargetArrays {
  const rows = new Int32Array(size),
    labels = new Int32Array(size),
    weights = new Float32Array(size);
  if (targetCount(sequences) > size)
    throw new Error(`nextTokens: ${targetCount(sequences)} targets do not fit ${size}`);
  let m = 0;
  sequences.forEach(({ ids, from }, b) => {
    for (let t = from; t < ids.length; t++, m++) {
      rows[m] = (first[b] ?? 0) + t - 1;
      labels[m] = ids[t] ?? 0;
      weights[m] = 1;
    }
  });
  return { rows, labels, weights };
}

export function uploadTargets({
  rows,
  labels,
  weights,
}: TargetArrays): Pick<LanguageBatch, 'rows' | 'labels' | 'weights'> {
  return {
    rows: upload(rows, [rows.length]),
    labels: upload(labels, [labels.length]),
    weights: upload(weights, [weights.length]),
  };
}

/** Scores of every word at each target, `[M, V]`: logits exist at targets only. */
export function targetLogits(frozen: Frozen, batch: LanguageBatch, forward: Forward): Tensor {
  return logitsAt(frozen, decodeText(frozen, batch, forward), batch.rows);
}

/** Negative log-likelihood of each target, natural log, label-smoothed. @returns `[M]` */
export function languageLosses(frozen: Frozen, batch: LanguageBatch, forward: Forward, smoothing: number): Tensor {
  return smoothedCrossEntropy(targetLogits(frozen, batch, forward), batch.labels, smoothing);
}
