import type { Compiled } from '../engine/compile';
import type { Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { Part, Ready } from './data';
import type { Own, Weighted } from './learner';

/** For each label of a batch its negative log-likelihood, natural log, and what the task's score is the mean of. */
export type Scores = { readonly nll: Tensor; readonly value: Tensor };

/** Means over all labels: a class for each example, or the tokens of its target. */
export interface Evaluation {
  readonly score: number;
  readonly loss: number;
  /**
   * Each example's part in the task's order: the sum over its labels, in mean numbers of labels, so that the mean of
   * all parts is the score.
   */
  readonly perExample: readonly number[];
  /** Labels of each example. */
  readonly labels: readonly number[];
}

/** Scores every example; of none there is no score. */
export function evaluate<B extends Weighted>(
  score: Compiled<[Own, B], Scores>,
  { batches, ids }: Part<B>,
  own: Own,
): Evaluation {
  if (ids.length === 0) return { score: NaN, loss: NaN, perExample: [], labels: [] }; // a tuning trial never sees the test set
  const [sums, counts] = [new Array<number>(ids.length).fill(NaN), new Array<number>(ids.length).fill(NaN)];
  let loss = 0;
  for (const batch of batches) {
    for (const { index, labels, nll, value } of scoresOf(score, batch, own)) {
      loss += nll;
      sums[index] = value;
      counts[index] = labels;
    }
  }
  const total = added(counts);
  return {
    score: added(sums) / total,
    loss: loss / total,
    perExample: sums.map((sum) => sum * (ids.length / total)),
    labels: counts,
  };
}

function added(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

interface RowScore {
  readonly index: number;
  readonly labels: number;
  readonly nll: number;
  readonly value: number;
}

/** Sums over each row's labels, which stand one after another. */
function scoresOf<B extends Weighted>(
  score: Compiled<[Own, B], Scores>,
  batch: Ready<B>,
  own: Own,
): readonly RowScore[] {
  const tensors = batch.upload();
  const scores = score(own, tensors);
  const [nll, value] = [scores.nll.dataSync(), scores.value.dataSync()];
  disposeTree([tensors, scores]);
  let from = 0;
  const sum = (values: ArrayLike<number>, count: number): number =>
    added(Array.from({ length: count }, (_, i) => values[from + i] ?? NaN));
  return batch.rows.map(({ index, labels }) => {
    const row = { index, labels, nll: sum(nll, labels), value: sum(value, labels) };
    from += labels;
    return row;
  });
}
