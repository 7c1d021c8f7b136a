import { UserError } from '../../errors';

/** Predicted and true values in the same order. */
type Values = ArrayLike<number>;

/** Share of equal labels, from 0 to 1. */
export function accuracy(predicted: Values, labels: Values): number {
  const count = checked(predicted, labels);
  let equal = 0;
  for (let item = 0; item < count; item++) if (predicted[item] === labels[item]) equal++;
  return equal / count;
}

/**
 * Harmonic mean of precision and recall of one label, 0 where it was neither predicted nor right (scikit-learn's
 * zero_division=0).
 */
export function f1(predicted: Values, labels: Values, positive = 1): number {
  const count = checked(predicted, labels);
  let both = 0;
  let either = 0;
  for (let item = 0; item < count; item++) {
    const isPredicted = predicted[item] === positive;
    const isTrue = labels[item] === positive;
    if (isPredicted && isTrue) both++;
    either += Number(isPredicted) + Number(isTrue);
  }
  return either === 0 ? 0 : (2 * both) / either;
}

/** Mean of the F1 of every label that occurs (scikit-learn's average='macro'). */
export function macroF1(predicted: Values, labels: Values): number {
  const seen = [...new Set([...Array.from(predicted), ...Array.from(labels)])];
  return seen.reduce((sum, label) => sum + f1(predicted, labels, label), 0) / seen.length;
}

/** Matthews correlation for any number of labels (Gorodkin 2004), from -1 to 1; 0 where one side is constant. */
export function matthews(predicted: Values, labels: Values): number {
  const count = checked(predicted, labels);
  const predictedCounts = countsOf(predicted);
  const trueCounts = countsOf(labels);
  const correct = accuracy(predicted, labels) * count;
  let cross = 0;
  for (const [label, times] of predictedCounts) cross += times * (trueCounts.get(label) ?? 0);
  const spread = (counts: ReadonlyMap<number, number>): number =>
    count ** 2 - [...counts.values()].reduce((sum, times) => sum + times ** 2, 0);
  const scale = Math.sqrt(spread(predictedCounts) * spread(trueCounts));
  return scale === 0 ? 0 : (correct * count - cross) / scale;
}

function countsOf(values: Values): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const value of Array.from(values)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Number of items; lists that are empty or differ in length are a UserError. */
export function checked(predicted: Values, labels: Values): number {
  if (labels.length === 0) throw new UserError('nothing to score: the data set is empty');
  if (predicted.length === labels.length) return labels.length;
  throw new UserError(`${predicted.length} predictions for ${labels.length} labels: score the same examples`);
}
