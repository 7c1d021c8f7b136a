import { UserError } from '../../errors';
import { f1, macroF1, matthews } from './classification';
import { pearson, pearsonShares, spearman, spearmanShares } from './spearman';

/**
 * What a score is: the mean of the examples' own parts, or a statistic of the whole set, computed from what was
 * answered and what is right.
 */
export interface Metric {
  readonly name: string;
  readonly better: 'higher' | 'lower';
  /** What an example's part is made of its labels: their sum, or whether all of them are right. */
  readonly each: 'sum' | 'all';
  /** Undefined where the score is the mean of parts. */
  readonly whole: ((answers: ArrayLike<number>, right: ArrayLike<number>) => number) | undefined;
  /** Each example's share of such a statistic, where it is a mean of them; else its part says whether it is right. */
  readonly shares?: (answers: ArrayLike<number>, right: ArrayLike<number>) => readonly number[];
}

const metrics: readonly Metric[] = [
  { name: 'accuracy', better: 'higher', each: 'sum', whole: undefined },
  { name: 'exact-match', better: 'higher', each: 'all', whole: undefined },
  /** Of texts that are written: see `lineScores`. */
  { name: 'answer-match', better: 'higher', each: 'all', whole: undefined },
  /** Of answers that are parts of a text, as SQuAD scores them: see `squadScores`. */
  { name: 'span-f1', better: 'higher', each: 'sum', whole: undefined },
  { name: 'nll', better: 'lower', each: 'sum', whole: undefined },
  { name: 'f1', better: 'higher', each: 'sum', whole: (answers, right) => f1(answers, right) },
  { name: 'macro-f1', better: 'higher', each: 'sum', whole: macroF1 },
  { name: 'matthews', better: 'higher', each: 'sum', whole: matthews },
  /** Of the decisions about all labels of all examples together. */
  { name: 'micro-f1', better: 'higher', each: 'sum', whole: (answers, right) => f1(answers, right) },
  { name: 'spearman', better: 'higher', each: 'sum', whole: spearman, shares: spearmanShares },
  { name: 'pearson', better: 'higher', each: 'sum', whole: pearson, shares: pearsonShares },
];

/** The metric called `name`; an unknown name is a UserError that lists the known ones. */
export function metricNamed(name: string): Metric {
  const metric = metrics.find((candidate) => candidate.name === name);
  if (metric !== undefined) return metric;
  throw new UserError(`unknown metric "${name}": choose from ${metrics.map((known) => known.name).join(', ')}`);
}

/** Whether scores of this name are no means of the examples' parts. */
export function isOfWholeSet(name: string): boolean {
  return metrics.some((metric) => metric.name === name && metric.whole !== undefined);
}
