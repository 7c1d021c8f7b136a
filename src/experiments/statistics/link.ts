import { crossed, type Crossed } from './crossed';
import { orientation } from '../../rows';
import { measured, type Measure } from './measure';
import { whyOther, type MeasuredColumn } from './measured-column';
import type { RunRecord } from '../store/record';
import { taskNamed } from '../../tasks/registry';

/** A variant of a study, by its name there. */
export type VariantName = string;

/**
 * What a paper found, as something that runs can decide. `greater`: `first` scores above `second`. `atLeast`: not below
 * it by more than delta. `near`: the two differ by less than delta either way. Where a side names several variants their
 * scores are added up, each with its weight: `a + d` against `b + c` says whether a to b gains more than c to d.
 * `ratio`: a measured time of `first` over that of `second` lies in a range.
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
  /** Of each variant, `first` before `second`; 1 each where left out. */
  readonly weights?: readonly number[];
  /**
   * `score`: the task's own, by example. `text`: chrF of what was written, one number a seed, for runs whose likelihoods
   * do not compare (trained with and without label smoothing).
   */
  readonly statistic?: 'score' | 'text';
  /**
   * Of a task that asks its questions under several arms, the arm that each variant is scored on, `first` before
   * `second`: all where left out.
   */
  readonly arms?: readonly string[];
  /** The frozen model is what the link compares. */
  readonly across?: 'models';
  /** What was measured of the variants' runs in place of their scores: the sides are means of columns of a record. */
  readonly measured?: MeasuredSides;
  /** Delta in the paper's points, where it says what is small, or prints a difference and not its two scores. */
  readonly points?: number;
  /**
   * `rate`: the rate is what the link compares: its sides run at one that is not their best, and may collapse.
   * `weights`: the same weights or others are scored as they are, and nothing is learned on the task.
   */
  readonly varies?: 'rate' | 'weights';
  /** The same comparison among the paper's numbers; none where the paper prints none. */
  readonly printed?: PrintedSides;
  /** The difference that the paper does call one, where the link says that two are level: delta is half of it. One table prints it. */
  readonly contrast?: PrintedSides;
}

/** Columns of a record that hold for each seed and test example of a task whether it is answered right. */
export interface MeasuredSides {
  readonly record: 'spans' | 'in-turn';
  readonly first: readonly string[];
  readonly second: readonly string[];
}

/** Undefined where the record was never made. */
export type Columns = (record: MeasuredSides['record'], task: string, column: string) => MeasuredColumn | undefined;

/** Rows of the published numbers by method, each side with the link's weights. */
export interface PrintedSides {
  /** He et al. 2021 where left out. */
  readonly paper?: 'he' | 'houlsby';
  readonly tables: readonly string[];
  readonly task: string;
  readonly metric: string;
  readonly first: readonly string[];
  readonly second: readonly string[];
}

export interface TimeLink extends Sides {
  readonly kind: 'ratio';
  readonly measure: Measure;
  readonly range: readonly [low: number, high: number];
}

/** The runs of a variant of a study on one task. */
export type Evidence = (study: string, variant: VariantName, task: string) => readonly RunRecord[];

/** What runs say about a link: first minus second, above 0 better; for a ratio the logarithm of first over second. */
export interface Tested {
  readonly kind: 'tested';
  readonly link: Link;
  readonly found: Crossed;
  /** What its first five seeds said, where it was looked at with those and then given more. */
  readonly before?: Crossed;
  readonly metric: string;
  /** The runs of each seed, `first` before `second`. */
  readonly groups: readonly (readonly RunRecord[])[];
}
export type LinkTest = Tested | { readonly kind: 'untested'; readonly link: Link; readonly reason: string };

/** As many as a comparison takes to decide; more where those lacked power alone. */
export const seedsToDecide = 5;

/** Fewer give no interval worth reading. */
const fewestSeeds = 3;

/** Tests a link on the seeds that all its variants have run. */
export function testLink(link: Link, evidence: Evidence, columns: Columns = () => undefined): LinkTest {
  const names = [...link.first, ...link.second];
  const pairs = link.kind === 'ratio' || link.across === 'models' ? isScoredAlike : isPair; // a time has no weights
  const groups = commonSeeds(
    names.map((name) => evidence(link.study, name, link.task)),
    pairs,
  );
  if (groups.length < fewestSeeds)
    return {
      kind: 'untested',
      link,
      reason: `finished runs of ${listed(names)} on ${link.task} have ${groups.length} common seeds of at least ${fewestSeeds}: npx petl study ${link.study} --tier full`,
    };
  const metric = groups[0]?.[0]?.final.metric ?? '';
  const measured = link.kind === 'ratio' ? undefined : link.measured;
  if (measured !== undefined) return testMeasured(link, measured, groups, columns);
  const rows = groups.map((runs) => differenceOf(link, runs));
  if (rows.some((row) => row.some((value) => !Number.isFinite(value))))
    return { kind: 'untested', link, reason: `${linkText(link)}: not every run has the statistic` };
  return { kind: 'tested', link, ...lookedAt(rows), metric, groups };
}

const lookedAt = (rows: readonly (readonly number[])[]): Pick<Tested, 'found' | 'before'> => ({
  found: crossed(rows),
  ...(rows.length > seedsToDecide && { before: crossed(rows.slice(0, seedsToDecide)) }),
});

/** The same of what a record holds of the runs' seeds. */
function testMeasured(
  link: Link,
  { record, first, second }: MeasuredSides,
  groups: readonly (readonly RunRecord[])[],
  columns: Columns,
): LinkTest {
  const metric = groups[0]?.[0]?.final.metric ?? '';
  const sides = [first, second].map((names) => names.map((name) => columns(record, link.task, name)));
  const other = groups.flatMap((runs) => whyOther(runs, sides, link.first.length) ?? [])[0];
  if (other !== undefined)
    return {
      kind: 'untested',
      link,
      reason: `${linkText(link)}: the record ${other}: move it away, then npx petl ${record} ${link.study} --tier full`,
    };
  const measured = groups.flatMap((runs) => {
    const { seed } = runs[0]?.run.spec ?? {};
    const [a, b] = sides.map((side) =>
      meanOf(side.map((column) => column?.rows.find((row) => row.seed === seed)?.right)),
    );
    return a === undefined || b === undefined ? [] : [{ runs, row: a.map((value, i) => value - (b[i] ?? Number.NaN)) }];
  });
  if (measured.length < fewestSeeds)
    return {
      kind: 'untested',
      link,
      reason: `${linkText(link)}: the record has ${measured.length} of the runs' seeds, of at least ${fewestSeeds}: npx petl ${record} ${link.study} --tier full`,
    };
  const looked = lookedAt(measured.map(({ row }) => row));
  return { kind: 'tested', link, ...looked, metric, groups: measured.map(({ runs }) => runs) };
}

/** Example by example; undefined where a column is missing. */
function meanOf(columns: readonly (readonly number[] | undefined)[]): readonly number[] | undefined {
  const whole = columns.flatMap((column) => (column === undefined ? [] : [column]));
  if (whole.length < columns.length) return undefined;
  return whole[0]?.map((_, i) => whole.reduce((sum, column) => sum + (column[i] ?? Number.NaN), 0) / whole.length);
}

/** One seed's differences by example, oriented; one value where the statistic has no examples. */
function differenceOf(link: Link, runs: readonly RunRecord[]): readonly number[] {
  const [values, sign] = statisticOf(link, runs[0]?.final.metric ?? '');
  const weights = (link.kind === 'ratio' ? undefined : link.weights) ?? runs.map(() => 1);
  const columns = runs.map((run, place) => armOf(link, place, values(run)));
  return (columns[0] ?? []).map((_, example) =>
    columns.reduce((sum, column, place) => {
      const side = place < link.first.length ? sign : -sign;
      return sum + side * (weights[place] ?? 1) * (column[example] ?? Number.NaN);
    }, 0),
  );
}

/** What a variant is scored on. @param place of the variant among the link's */
export function armOf(link: Link, place: number, values: readonly number[]): readonly number[] {
  const arm = link.kind === 'ratio' || link.statistic === 'text' ? undefined : link.arms?.[place];
  if (arm === undefined) return values;
  const places = taskNamed(link.task).placesOf?.(arm, values.length) ?? [];
  return places.length === 0 ? [Number.NaN] : places.map((at) => values[at] ?? Number.NaN);
}

type ValuesOf = (run: RunRecord) => readonly number[];

function statisticOf(link: Link, metric: string): readonly [ValuesOf, 1 | -1] {
  if (link.kind === 'ratio') return [(run) => [Math.log(measured(run, link.measure))], 1];
  if (link.statistic === 'text') return [(run) => [run.final.written?.chrf ?? Number.NaN], 1];
  return [(run) => run.final.perExample, orientation(metric)];
}

/** The runs of each seed that every variant has, scored on the same examples. */
function commonSeeds(
  variants: readonly (readonly RunRecord[])[],
  pairs: (a: RunRecord, b: RunRecord) => boolean,
): readonly (readonly RunRecord[])[] {
  const [first = [], ...others] = variants;
  return first.flatMap((run) => {
    const same = others.flatMap((records) => {
      const own = records.length === 1 ? records.map((only) => asSeed(only, run)) : records;
      return own.find((other) => pairs(run, other)) ?? [];
    });
    return same.length === others.length ? [[run, ...same]] : [];
  });
}

/** A model as it is has no seed: its one run stands beside every seed. */
function asSeed(only: RunRecord, { run: { spec } }: RunRecord): RunRecord {
  if (only.run.spec.training.learningRate > UNTRAINED) return only;
  return { ...only, run: { ...only.run, spec: { ...only.run.spec, seed: spec.seed } } };
}

/** A rate far below what float32 can add to a weight. */
export const UNTRAINED = 1e-20;

/** The same seed and the same frozen weights, scored on the same examples. */
export function isPair(a: RunRecord, b: RunRecord): boolean {
  const models = new Set([a.final.model, b.final.model].filter((model) => model !== null)); // older runs have none
  return isScoredAlike(a, b) && models.size < 2;
}

/** The same seed, scored on the same examples; the weights below may be others. */
export function isScoredAlike(a: RunRecord, b: RunRecord): boolean {
  return a.run.spec.seed === b.run.spec.seed && a.final.tests.hash === b.final.tests.hash;
}

function listed(names: readonly string[]): string {
  const once = [...new Set(names)];
  return once.length < 2 ? once.join() : `${once.slice(0, -1).join(', ')} and ${once[once.length - 1]}`;
}

const signs = { greater: '>', atLeast: '>=', near: '=', ratio: '/' } as const;

/** `prefix:l=57 > sa-attn:r=57 on synopsis` */
export function linkText(link: Link): string {
  const arms = link.kind === 'ratio' ? [] : (link.arms ?? []);
  const named = (names: readonly VariantName[], from: number): string =>
    names.map((name, i) => (arms[from + i] === undefined ? name : `${name} on ${arms[from + i]}`)).join(' + ');
  const { first, second } = (link.kind === 'ratio' ? undefined : link.measured) ?? link;
  const sides = [named(first, 0), named(second, first.length)].join(` ${signs[link.kind]} `);
  return link.kind === 'ratio'
    ? `${link.measure} of ${sides} in [${link.range.join(', ')}] on ${link.task}`
    : `${sides} on ${link.task}`;
}
