import { foreseePeaks } from '../experiments/foresight/foresee';
import { recordsOfRuns } from '../experiments/store/rows';
import type { RunRecord } from '../experiments/store/record';
import { resultsFolder, seedlessHash, type RunSpec } from '../experiments/store/spec';
import { readRun } from '../experiments/store/read';
import { crossed, leastGap } from '../experiments/statistics/crossed';
import { isPair, isScoredAlike } from '../experiments/statistics/link';
import { plansOf, type Study } from '../experiments/studies/study';
import { groupBy } from '../plots/summary';
import type { Table } from '../plots/table';
import { shownTask } from '../tasks/own/stored';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What running a study would take, and what it could show, before anything trains. */
export interface Foreseen {
  readonly runs: number;
  readonly finished: number;
  /** Hours of both cores for what is missing; null where no run of that model is on disk to judge by. */
  readonly hours: number | null;
  /** Peak memory of the process of its largest run, in MiB; null where its model or data are not here. */
  readonly peakMb: number | null;
  /** The smallest difference between two variants that these seeds and examples tell from none in 80 of 100 cases. */
  readonly leastGap: number | null;
  /** What the least gap is judged by. */
  readonly by: string;
}

/**
 * Runs, hours and power of a study, judged by finished runs: its own first, else those of the same model; and memory, in
 * closed form.
 */
export function plan(study: Study, results: string = resultsFolder()): Foreseen {
  const specs = plansOf(study).map(({ spec }) => spec);
  const own = specs.flatMap((spec) => recordsOfRuns([spec], results));
  const known = own.length > 0 ? own : likeThose(specs, results);
  const left = specs.filter((spec) => recordsOfRuns([spec], results).length === 0);
  const seconds = left.map((spec) => secondsOf(spec, known));
  const peakOf = foreseePeaks(specs);
  const peaks = specs.flatMap((spec) => peakOf(spec) ?? []);
  const total = seconds.some((one) => one === null) ? null : seconds.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  return {
    runs: specs.length,
    finished: specs.length - left.length,
    hours: total === null ? null : total / 3600 / 2,
    peakMb: peaks.length === 0 ? null : Math.max(...peaks),
    ...powerOf(specs, known),
  };
}

/** As a table for a cell. */
export function planTable({ runs, finished, hours, peakMb, leastGap: gap, by }: Foreseen): Table {
  const known = (
    value: number | null,
    text: (value: number) => string,
    why = 'no run of this model is on disk',
  ): string => (value === null ? `unknown: ${why}` : text(value));
  return {
    columns: [
      { title: '', align: 'left' },
      { title: 'foreseen', align: 'right' },
    ],
    rows: [
      ['runs', `${runs}, ${finished} of them finished`],
      ['time for the rest, both cores', known(hours, (value) => `${(60 * value).toFixed(0)} min`)],
      [
        'memory of a process',
        known(peakMb, (value) => `${(value / 1024).toFixed(1)} GiB`, 'its model or data are not here yet'),
      ],
      [
        `least difference that can be seen${gap === null ? '' : ` (${by})`}`,
        known(gap, (value) => value.toPrecision(2), by),
      ],
    ],
  };
}

/** Finished runs of other studies with the same model. */
function likeThose(specs: readonly RunSpec[], results: string): readonly RunRecord[] {
  const models = new Set(specs.map(({ model }) => model));
  const folders = ['', 'own', 'quick'].map((part) => join(results, part)).filter((folder) => existsSync(folder));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => runFiles(join(folder, name))),
  );
  return files.flatMap((path) => {
    const stored = readRun(path);
    return stored.kind === 'finished' && models.has(stored.record.run.spec.model) ? [stored.record] : [];
  });
}

/** A few of each study are enough to judge by. */
function runFiles(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'));
  return names.slice(0, 8).map((name) => join(folder, name));
}

/** By the slowest known run of the method's family, else of any, in examples that pass through the model a second. */
function secondsOf(spec: RunSpec, known: readonly RunRecord[]): number | null {
  const family = (method: string): string => method.split(':')[0] ?? method;
  const alike = known.filter(({ run }) => family(run.spec.method) === family(spec.method));
  const judged = (alike.length > 0 ? alike : known).map(
    (record) => record.final.seconds / workOf(record.run.spec, record),
  );
  if (judged.length === 0) return null;
  const typical = [...judged].sort((a, b) => a - b)[Math.floor(judged.length / 2)] ?? NaN;
  return typical * workOf(spec, known[0]);
}

/** Example passes: a training step costs about three of scoring. */
function workOf({ training }: RunSpec, like: RunRecord | undefined): number {
  const { examples, epochs, batch, scored, maxLength } = training;
  const trained = examples === 'all' ? (like?.final.steps ?? 100) * batch : examples * epochs;
  const tested = scored.test === 'all' ? (like?.final.tests.count ?? 1000) : scored.test;
  return (3 * trained + tested) * Math.sqrt(maxLength);
}

/** By runs of these tasks alone: another task's scores may be of another unit. */
function powerOf(specs: readonly RunSpec[], known: readonly RunRecord[]): Pick<Foreseen, 'leastGap' | 'by'> {
  const seeds = new Set(specs.map(({ seed }) => seed)).size;
  if (seeds < 2) return { leastGap: null, by: 'one seed shows none' };
  const tasks = [...new Set(specs.map(({ task }) => task))];
  const pairs = onSameExamples(pairsOf(known.filter(({ run }) => tasks.includes(run.spec.task))));
  if (pairs.length < 2) return { leastGap: null, by: whyUnknown(tasks) };
  const found = crossed(
    pairs.map(([a, b]) => a.final.perExample.map((value, i) => value - (b.final.perExample[i] ?? NaN))),
  );
  const scale = found.seeds / seeds;
  return {
    leastGap: leastGap({ ...found, seeds, seedVariance: found.seedVariance * scale }),
    by: `as ${pairs[0]?.[0].run.label} and ${pairs[0]?.[1].run.label} varied`,
  };
}

function whyUnknown(tasks: readonly string[]): string {
  const named = tasks.length > 2 ? 'one of its tasks' : tasks.map(shownTask).join(' or ');
  return `two finished variants of ${named}, with two seeds each, would tell`;
}

/** Of pairs that were scored on different examples, as at different tiers, the most that share theirs. */
function onSameExamples(pairs: Pairs): Pairs {
  const hashes = new Set(pairs.map(([{ final }]) => final.tests.hash));
  const groups = [...hashes].map((hash) => pairs.filter(([{ final }]) => final.tests.hash === hash));
  return groups.reduce((most, group) => (group.length > most.length ? group : most), []);
}

type Pairs = readonly (readonly [RunRecord, RunRecord])[];

/**
 * Two variants of one task with the most seeds in common. Of a variant all is alike but the seed. Two on one model where
 * there are such, and two that differ, as one that was switched off and none do not.
 */
function pairsOf(known: readonly RunRecord[]): Pairs {
  const variants = [...groupBy(known, ({ run }) => seedlessHash(run.spec)).values()];
  const all = (alike: typeof isPair): readonly Pairs[] =>
    variants.flatMap((a, i) => variants.slice(i + 1).map((b) => commonSeeds(a, b, alike)));
  const most = (of: readonly Pairs[]): Pairs => of.reduce((best, one) => (one.length > best.length ? one : best), []);
  const onOne = all(isPair);
  const found = [onOne.filter(differ), onOne, all(isScoredAlike)].map(most);
  return found.find(({ length }) => length > 1) ?? [];
}

function differ(pairs: Pairs): boolean {
  return pairs.some(([a, b]) => a.final.perExample.some((value, i) => value !== b.final.perExample[i]));
}

function commonSeeds(a: readonly RunRecord[], b: readonly RunRecord[], alike: typeof isPair): Pairs {
  return a.flatMap((one) => {
    const other = b.find(
      (record) =>
        alike(one, record) && record.run.spec.task === one.run.spec.task && record.final.metric === one.final.metric,
    );
    return other === undefined ? [] : [[one, other] as const];
  });
}
