import { checked } from './classification';

/** Spearman's rank correlation, from -1 to 1, ties at their mean rank; 0 where one side is constant. */
export function spearman(predicted: ArrayLike<number>, values: ArrayLike<number>): number {
  checked(predicted, values);
  return pearson(ranks(predicted), ranks(values));
}

/** Pearson's correlation, from -1 to 1; 0 where one side is constant. */
export function pearson(predicted: ArrayLike<number>, values: ArrayLike<number>): number {
  const count = checked(predicted, values);
  const x = centred(predicted);
  const y = centred(values);
  let [xy, xx, yy] = [0, 0, 0];
  for (let item = 0; item < count; item++) {
    const [a, b] = [x[item] ?? 0, y[item] ?? 0];
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

/** Each item's share of Pearson's correlation: the product of its two standard scores, whose mean the correlation is. */
export function pearsonShares(predicted: ArrayLike<number>, values: ArrayLike<number>): readonly number[] {
  const count = checked(predicted, values);
  const [x, y] = [centred(predicted), centred(values)];
  const length = (side: readonly number[]): number => Math.sqrt(side.reduce((sum, value) => sum + value * value, 0));
  const scale = length(x) * length(y);
  return x.map((a, item) => (scale === 0 ? 0 : (count * a * (y[item] ?? 0)) / scale));
}

/** The same of ranks. */
export function spearmanShares(predicted: ArrayLike<number>, values: ArrayLike<number>): readonly number[] {
  return pearsonShares(ranks(predicted), ranks(values));
}

function centred(values: ArrayLike<number>): readonly number[] {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return list.map((value) => value - mean);
}

function ranks(values: ArrayLike<number>): readonly number[] {
  const order = Array.from(values)
    .map((value, item) => ({ value, item }))
    .sort((a, b) => a.value - b.value);
  const result = new Array<number>(order.length).fill(0);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && order[end]?.value === order[start]?.value) end++;
    for (const { item } of order.slice(start, end)) result[item] = (start + end + 1) / 2;
  }
  return result;
}
