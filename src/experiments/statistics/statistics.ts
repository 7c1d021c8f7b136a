import { deviation, mean, type Interval } from '../../numbers';
import { studentQuantile } from '../../student';

export { deviation, mean, type Interval } from '../../numbers';

/** Student's interval for the mean of at least two values. */
export function meanInterval(values: readonly number[], level = 0.95): Interval {
  return studentInterval(values, level, Math.sqrt(1 / values.length));
}

/** Where one more value of the same kind falls with probability `level`: mean ± t sd sqrt(1 + 1/n). */
export function predictionInterval(values: readonly number[], level = 0.95): Interval {
  return studentInterval(values, level, Math.sqrt(1 + 1 / values.length));
}

function studentInterval(values: readonly number[], level: number, factor: number): Interval {
  const centre = mean(values);
  const half = studentQuantile((1 + level) / 2, values.length - 1) * deviation(values) * factor;
  return { low: centre - half, high: centre + half };
}

/** Linear interpolation between order statistics, as numpy.quantile does by default. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const place = q * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/**
 * Holm's step-down for a family of p-values: the adjusted p, and the confidence level 1 - alpha / (m - rank) at which
 * each
 * one's interval is to be read. After the first that is not rejected all later ones are read at that one's level.
 */
export function holm(ps: readonly number[], alpha = 0.05): readonly { readonly p: number; readonly level: number }[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const result = ps.map(() => ({ p: 1, level: 1 - alpha }));
  let [highest, divisor] = [0, 0];
  order.forEach(({ p, index }, rank) => {
    if (highest <= alpha) divisor = ps.length - rank;
    highest = Math.max(highest, Math.min(1, p * (ps.length - rank)));
    result[index] = { p: highest, level: 1 - alpha / divisor };
  });
  return result;
}
