import { randomFrom } from '../../random';
import { mean, quantile, type Interval } from './statistics';

/** Of every comparison that is shown. */
export const bootstrapSettings: BootstrapSettings = { resamples: 10000, seed: 1 };

/** Scores of two variants on the same examples, `first[seed][example] - second[seed][example]`. */
export type Differences = readonly (readonly number[])[];

/**
 * What a paired bootstrap knows: the mean difference, the sorted resampled means, and the two-sided p-value of "no
 * difference".
 */
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
export function pairedBootstrap(
  differences: Differences,
  settings: BootstrapSettings = { resamples: 4000, seed: 1 },
): Bootstrap {
  const examples = differences[0]?.length ?? 0;
  if (examples === 0 || differences.some((row) => row.length !== examples))
    throw new Error('paired bootstrap: every seed needs the same examples');
  const plan = resampling(differences.length, examples, settings);
  return bootstrapOf(
    plan,
    differences.map((row) => resampledMeans(plan, row)),
    mean(differences.map(mean)),
  );
}

/**
 * Draws that everything scored on the same number of examples with the same number of seeds shares: differences of
 * means are means of differences.
 */
interface Resampling {
  readonly seeds: number;
  readonly examples: number;
  readonly resamples: number;
  /** How often each example is drawn, `[resamples, examples]`. */
  readonly weights: Uint8Array;
  /** The seeds drawn, `[resamples, seeds]`. */
  readonly picks: Uint16Array;
}

const drawn = new Map<string, Resampling>();

/** The draws for `settings`; made once. */
function resampling(seeds: number, examples: number, settings: BootstrapSettings): Resampling {
  const key = [seeds, examples, settings.resamples, settings.seed].join();
  const found = drawn.get(key) ?? draw(seeds, examples, settings);
  drawn.set(key, found);
  return found;
}

function draw(seeds: number, examples: number, { resamples, seed }: BootstrapSettings): Resampling {
  const random = randomFrom(seed);
  const weights = new Uint8Array(resamples * examples);
  const picks = new Uint16Array(resamples * seeds);
  for (let b = 0; b < resamples; b++) {
    for (let i = 0; i < examples; i++) {
      const at = b * examples + Math.floor(random() * examples);
      weights[at] = (weights[at] ?? 0) + 1;
    }
    for (let k = 0; k < seeds; k++) picks[b * seeds + k] = Math.floor(random() * seeds);
  }
  return { seeds, examples, resamples, weights, picks };
}

/** Mean of one seed's values under each resample of the examples. */
function resampledMeans({ resamples, examples, weights }: Resampling, values: readonly number[]): Float64Array {
  const row = Float64Array.from(values);
  const means = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    let sum = 0;
    for (let i = 0, at = b * examples; i < examples; i++, at++) sum += (weights[at] as number) * (row[i] as number);
    means[b] = sum / examples;
  }
  return means;
}

/** What the resampled means of each seed say about their common mean. */
function bootstrapOf({ resamples, seeds, picks }: Resampling, rows: readonly Float64Array[], gap: number): Bootstrap {
  const means = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    let sum = 0;
    for (let k = 0; k < seeds; k++) sum += rows[picks[b * seeds + k] as number]?.[b] ?? Number.NaN;
    means[b] = sum / seeds;
  }
  means.sort();
  return { gap, means, p: twoSided(means) };
}

/** Twice the smaller share of resamples on one side of 0, never 0 itself (Davison and Hinkley 1997, section 4.2). */
function twoSided(sorted: Float64Array): number {
  const below = sorted.filter((value) => value <= 0).length;
  const above = sorted.filter((value) => value >= 0).length;
  return Math.min(1, (2 * (Math.min(below, above) + 1)) / (sorted.length + 1));
}

/** Percentile interval of the resampled means. */
export function bootstrapInterval({ means }: Bootstrap, level = 0.95): Interval {
  const side = (1 - level) / 2;
  return { low: quantile(means, side), high: quantile(means, 1 - side) };
}
