import {
  bootstrapOf,
  resampledMeans,
  resampling,
  type Bootstrap,
  type BootstrapSettings,
  type Resampling,
} from './bootstrap';
import { measured, type Measure } from './measure';
import type { RunRecord } from '../store/record';
import { mean } from './statistics';

/** A variant of a study, by its name there. */
export type VariantName = string;

/**
 * What a paper found, as something that runs can decide. `greater`: `first` scores above `second`. `atLeast`: not below
 * it by more than
 * delta. `near`: the two differ by less than delta either way. Where a side names several variants their scores are
 * added up: `a + d`
 * against `b + c` says whether a to b gains more than c to d. `ratio`: a measured time of `first` over that of `second`
 * lies in a range.
 */
export type Link = ScoreLink | TimeLink;

interface Sides {
  /** Study that has the variants. */
  readonly study: string;
  readonly task: string;
  readonly first: readonly VariantName[];
  readonly second: readonly VariantName[];
}

export interface ScoreLink extends Sides {
  readonly kind: 'greater' | 'atLeast' | 'near';
}
export interface TimeLink extends Sides {
  readonly kind: 'ratio';
  readonly measure: Measure;
  readonly range: readonly [low: number, high: number];
}

/** The runs of a variant of a study on one task. */
export type Evidence = (study: string, variant: VariantName, task: string) => readonly RunRecord[];

/**
 * Differences smaller than this do not matter, in the unit of a metric's per-example scores; the sign makes above 0
 * better.
 */
const deltas: Readonly<Record<string, { readonly delta: number; readonly sign: 1 | -1 }>> = {
  accuracy: { delta: 0.01, sign: 1 },
  nll: { delta: 0.02, sign: -1 },
  bleu: { delta: 0.5, sign: 1 },
  rouge2: { delta: 0.5, sign: 1 },
};

/** 1 where a higher score is better, -1 where a lower one is. */
export function orientation(metric: string): 1 | -1 {
  return deltas[metric]?.sign ?? 1;
}

/** What runs say about a link: first minus second, above 0 better; for a ratio the logarithm of first over second. */
export interface Tested {
  readonly kind: 'tested';
  readonly link: Link;
  readonly bootstrap: Bootstrap;
  readonly delta: number;
  readonly seeds: number;
  readonly runs: readonly RunRecord[];
}
export type LinkTest = Tested | { readonly kind: 'untested'; readonly link: Link; readonly reason: string };

/** Fewer decide nothing, in either direction. */
const fewestSeeds = 3;

/** Tests a link on the seeds that all its variants have run. @param means remembers the resampled means of each run */
export function testLink(link: Link, evidence: Evidence, settings: BootstrapSettings, means: Means): LinkTest {
  const names = [...link.first, ...link.second];
  const groups = commonSeeds(names.map((name) => evidence(link.study, name, link.task)));
  if (groups.length < fewestSeeds)
    return {
      kind: 'untested',
      link,
      reason: `finished runs of ${listed(names)} on ${link.task} have ${groups.length} common seeds of at least ${fewestSeeds}: npx petl study ${link.study} --tier full`,
    };
  const values = valuesOf(link, groups[0]?.[0]?.final.metric ?? '');
  if (typeof values === 'string') return { kind: 'untested', link, reason: values };
  const plan = resampling(groups.length, values.of(groups[0]?.[0] as RunRecord).length, settings);
  const sign = (place: number): number => (place < link.first.length ? values.sign : -values.sign);
  // A time is one number, so it needs no memory.
  const meansOf = (run: RunRecord): Float64Array =>
    link.kind === 'ratio' ? resampledMeans(plan, values.of(run)) : means(plan, run);
  const rows = groups.map((runs) => added(runs.map(meansOf), sign));
  const gap = mean(groups.map((runs) => runs.reduce((sum, run, place) => sum + sign(place) * mean(values.of(run)), 0)));
  return {
    kind: 'tested',
    link,
    bootstrap: bootstrapOf(plan, rows, gap),
    delta: values.delta,
    seeds: groups.length,
    runs: groups.flat(),
  };
}

/** Resampled means of a run's scores. */
export type Means = (plan: Resampling, run: RunRecord) => Float64Array;

/** Remembers them: a run takes part in many links. */
export function rememberedMeans(): Means {
  const known = new Map<Resampling, Map<RunRecord, Float64Array>>();
  return (plan, run) => {
    const ofPlan = known.get(plan) ?? new Map<RunRecord, Float64Array>();
    known.set(plan, ofPlan);
    const found = ofPlan.get(run) ?? resampledMeans(plan, run.final.perExample);
    ofPlan.set(run, found);
    return found;
  };
}

interface Values {
  readonly of: (run: RunRecord) => readonly number[];
  readonly sign: 1 | -1;
  readonly delta: number;
}

/** The values of a run that a link compares, or why there are none. */
function valuesOf(link: Link, metric: string): Values | string {
  if (link.kind === 'ratio') return { of: (run) => [Math.log(measured(run, link.measure))], sign: 1, delta: 0 };
  const known = deltas[metric];
  return known === undefined
    ? `no delta is declared for the metric ${metric}`
    : { ...known, of: (run) => run.final.perExample };
}

/** The runs of each seed that every variant has, scored on the same examples. */
function commonSeeds(variants: readonly (readonly RunRecord[])[]): readonly (readonly RunRecord[])[] {
  const [first = [], ...others] = variants;
  return first.flatMap((run) => {
    const same = others.flatMap((records) => records.find((other) => isPair(run, other)) ?? []);
    return same.length === others.length ? [[run, ...same]] : [];
  });
}

/** The same seed and the same frozen weights, scored on the same examples. */
export function isPair(a: RunRecord, b: RunRecord): boolean {
  const models = new Set([a.final.model, b.final.model].filter((model) => model !== null)); // older runs have none
  return isScoredAlike(a, b) && models.size < 2;
}

/** The same seed, scored on the same examples; the weights below may be others. */
export function isScoredAlike(a: RunRecord, b: RunRecord): boolean {
  return a.run.spec.seed === b.run.spec.seed && a.final.tests.hash === b.final.tests.hash;
}

function added(rows: readonly Float64Array[], sign: (place: number) => number): Float64Array {
  return Float64Array.from(rows[0] ?? [], (_, b) =>
    rows.reduce((sum, row, place) => sum + sign(place) * (row[b] ?? Number.NaN), 0),
  );
}

function listed(names: readonly string[]): string {
  const once = [...new Set(names)];
  return once.length < 2 ? once.join() : `${once.slice(0, -1).join(', ')} and ${once[once.length - 1]}`;
}

const signs = { greater: '>', atLeast: '>=', near: '=', ratio: '/' } as const;

/** `prefix:l=57 > sa-attn:r=57 on synopsis` */
export function linkText(link: Link): string {
  const sides = [link.first, link.second].map((names) => names.join(' + ')).join(` ${signs[link.kind]} `);
  return link.kind === 'ratio'
    ? `${link.measure} of ${sides} in [${link.range.join(', ')}] on ${link.task}`
    : `${sides} on ${link.task}`;
}
