import type { Compiled } from '../engine/compile';
import type { Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { Metric } from '../tasks/metrics/metric';
import type { Part, Ready, Shard } from './data';
import type { Tell } from './job';
import type { Own, Weighted } from './learner';

/**
 * For each label of a batch its negative log-likelihood, natural log, and its part of the score; the answer as a number
 * where there is one.
 */
export type Scores = { readonly nll: Tensor; readonly value: Tensor; readonly answer?: Tensor };

/** Over all labels: a class for each example, or the tokens of its target. */
export interface Evaluation {
  /** The mean of the parts, or the metric's statistic of the whole set. */
  readonly score: number;
  readonly loss: number;
  /**
   * Each example's part in the task's order: the sum over its labels, in mean numbers of labels, so that the mean of
   * all parts is a score that is a mean.
   */
  readonly perExample: readonly number[];
  /** Labels of each example. */
  readonly labels: readonly number[];
  /** What was answered to each label of each example; empty where the answer is no number. */
  readonly answers: readonly number[];
  /** Share of examples answered exactly right, where that stands beside the score. */
  readonly exact?: number;
}

/** How one number is made of all: `whole` of the answers and the right ones, else the mean of parts. */
export interface Statistic {
  readonly whole: Metric['whole'];
  readonly shares?: Metric['shares'];
  readonly each: Metric['each'];
  /** The right answers, in the order of the part's examples. */
  readonly right: readonly number[];
  /** Of a mixture the task of each example: every task counts as much. Empty where all examples are of one. */
  readonly parts: readonly string[];
  /** Takes how many examples are scored. */
  readonly tell?: Tell | undefined;
}

/** Scores every example; of none there is no score. */
export function evaluate<B extends Weighted>(
  score: Compiled<[Own, readonly B[]], readonly Scores[]>,
  { batches, ids }: Part<B>,
  own: Own,
  { whole, shares, each, right, parts, tell }: Statistic,
): Evaluation {
  if (ids.length === 0) return { score: NaN, loss: NaN, perExample: [], labels: [], answers: [] }; // a tuning trial never sees the test set
  const none = (): number[] => ids.map(() => NaN);
  const [sums, counts, losses] = [none(), none(), none()];
  const given = new Array<readonly number[]>(ids.length).fill([NaN]);
  let loss = 0;
  let done = 0;
  for (const batch of batches) {
    for (const { index, labels, nll, value, answer } of scoresOf(score, batch, own, each)) {
      loss += nll;
      losses[index] = nll;
      sums[index] = value;
      counts[index] = labels;
      given[index] = answer;
      done += 1;
    }
    tell?.({ doing: 'scoring', done, of: ids.length });
  }
  const total = added(counts);
  const answers = given.flat();
  const found = { answers: answers.some(Number.isNaN) ? [] : answers, labels: counts };
  if (parts.length > 0 || each === 'all') {
    const unit = each === 'all' ? counts.map(() => 1) : counts; // what a part's mean is taken over
    const perExample = evenly(sums, unit, parts);
    return {
      score: added(perExample) / ids.length,
      loss: added(evenly(losses, counts, parts)) / ids.length,
      perExample,
      ...found,
    };
  }
  return {
    score: whole === undefined ? added(sums) / total : whole(answers, right),
    loss: loss / total,
    perExample: shares === undefined ? sums.map((sum) => sum * (ids.length / total)) : shares(answers, right),
    ...found,
  };
}

/** Sums over labels, scaled so that their mean is the mean of the parts' means. */
function evenly(sums: readonly number[], counts: readonly number[], parts: readonly string[]): readonly number[] {
  const totals = new Map<string, number>();
  const partOf = (i: number): string => parts[i] ?? '';
  counts.forEach((n, i) => totals.set(partOf(i), (totals.get(partOf(i)) ?? 0) + n));
  return sums.map((sum, i) => (sum * sums.length) / (totals.size * (totals.get(partOf(i)) as number)));
}

function added(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

interface RowScore {
  readonly index: number;
  readonly labels: number;
  readonly nll: number;
  readonly value: number;
  /** Of each label. */
  readonly answer: readonly number[];
}

function scoresOf<B extends Weighted>(
  score: Compiled<[Own, readonly B[]], readonly Scores[]>,
  batch: Ready<B>,
  own: Own,
  each: Metric['each'],
): readonly RowScore[] {
  const shards = batch.map((shard) => shard.upload());
  const scores = score(own, shards);
  const found = batch.flatMap((shard, i) => rowScores(shard.rows, scores[i] as Scores, each));
  disposeTree([shards, scores]);
  return found;
}

/** Sums over each row's labels, which stand one after another. */
function rowScores(rows: Shard<never>['rows'], scores: Scores, each: Metric['each']): readonly RowScore[] {
  const [nll, value] = [scores.nll.dataSync(), scores.value.dataSync()];
  const answers = scores.answer?.dataSync();
  let from = 0;
  const sum = (values: ArrayLike<number>, count: number): number =>
    added(Array.from({ length: count }, (_, i) => values[from + i] ?? NaN));
  const made = (count: number): number => (each === 'all' ? Number(sum(value, count) === count) : sum(value, count));
  return rows.map(({ index, labels }) => {
    const answer = answers === undefined ? [NaN] : Array.from(answers.subarray(from, from + labels));
    const row = { index, labels, nll: sum(nll, labels), value: made(labels), answer };
    from += labels;
    return row;
  });
}
