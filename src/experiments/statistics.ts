import { randomFrom, type Random } from '../random';
import { studentQuantile } from './student';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (n - 1); 0 for a single value. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

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

/** Scores of two variants on the same examples, `first[seed][example] - second[seed][example]`. */
export type Differences = readonly (readonly number[])[];

/** What a paired bootstrap knows: the mean difference, the sorted resampled means, and the two-sided p-value of "no difference". */
export interface Bootstrap {
  readonly gap: number;
  readonly means: Float64Array;
  readonly p: number;
}

export interface BootstrapSettings {
  readonly resamples: number;
  readonly seed: number;
}

/**
 * Paired bootstrap over seeds and examples: each resample draws seeds and, for all of them alike, examples, both with
 * replacement (all seeds are scored on the same test set, so the two are crossed). With one seed only examples vary.
 */
export function pairedBootstrap(differences: Differences, settings: BootstrapSettings = { resamples: 4000, seed: 1 }): Bootstrap {
  const seeds = differences.length;
  const examples = differences[0]?.length ?? 0;
  if (examples === 0 || differences.some((row) => row.length !== examples)) throw new Error('paired bootstrap: every seed needs the same examples');
  const random = randomFrom(settings.seed);
  const means = new Float64Array(settings.resamples);
  const weights = new Float64Array(examples);
  for (let b = 0; b < settings.resamples; b++) means[b] = resampledMean(differences, draw(weights, random), drawn(seeds, random));
  means.sort();
  return { gap: mean(differences.map(mean)), means, p: twoSided(means) };
}

/** How often each example is drawn. */
function draw(weights: Float64Array, random: Random): Float64Array {
  weights.fill(0);
  for (let i = 0; i < weights.length; i++) {
    const example = Math.floor(random() * weights.length);
    weights[example] = (weights[example] ?? 0) + 1;
  }
  return weights;
}

function drawn(count: number, random: Random): readonly number[] {
  return Array.from({ length: count }, () => Math.floor(random() * count));
}

function resampledMean(differences: Differences, weights: Float64Array, seeds: readonly number[]): number {
  let sum = 0;
  for (const seed of seeds) {
    const row = differences[seed] ?? [];
    for (let i = 0; i < weights.length; i++) sum += (weights[i] ?? 0) * (row[i] ?? 0);
  }
  return sum / (seeds.length * weights.length);
}

/** Twice the smaller share of resamples on one side of 0, never 0 itself (Davison and Hinkley 1997, section 4.2). */
function twoSided(sorted: Float64Array): number {
  const below = sorted.filter((value) => value <= 0).length;
  const above = sorted.filter((value) => value >= 0).length;
  return Math.min(1, 2 * (Math.min(below, above) + 1) / (sorted.length + 1));
}

/** Percentile interval of the resampled means. */
export function bootstrapInterval({ means }: Bootstrap, level = 0.95): Interval {
  const side = (1 - level) / 2;
  return { low: quantile(means, side), high: quantile(means, 1 - side) };
}

/** Linear interpolation between order statistics, as numpy.quantile does by default. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const place = q * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/**
 * Holm's step-down for a family of p-values: the adjusted p, and the confidence level 1 - alpha / (m - rank) at which each
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
