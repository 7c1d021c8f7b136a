import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import type { PlannedRun } from './execute';
import { believed } from '../store/damage';
import { readStudyFolder } from '../store/read';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import { canonicalJson, resultsFolder, type RunSpec, type Tier } from '../store/spec';
import { predictionInterval, type Interval } from '../statistics/statistics';

/**
 * A run made a second time: with its seed beside what was recorded, or with a new seed beside what the recorded ones
 * predict.
 */
export interface Repeat {
  readonly label: string;
  readonly spec: RunSpec;
  readonly metric: string;
  readonly score: number;
  /** Score on record of the same spec and seed; null for a new seed. */
  readonly recorded: number | null;
  /** 95% prediction interval of the recorded seeds; null for a seed among them. */
  readonly interval: Interval | null;
  /** Scores differ by less than 1e-4, or the new one lies in the interval. */
  readonly held: boolean;
}

/** With two seeds Student's factor is above 12: everything would lie inside. */
const fewestSeeds = 3;

/** What one spec and seed must give twice: they differ by less than 1e-4. */
export function sameScore(score: number, recorded: number | null): boolean {
  return recorded !== null && Math.abs(score - recorded) < 1e-4;
}

/** Repeats stand apart from the runs that verdicts read: the same tree once more. */
export function repeatsFolder(results: string = resultsFolder()): string {
  return join(results, 'repeats');
}

/**
 * The plan of a run's repeat, with its own seed or another.
 * @throws UserError where nothing on record can judge it
 */
export function repeatOf(
  { run }: RunRecord,
  { seed = run.spec.seed, results }: { readonly seed?: number; readonly results?: string } = {},
): PlannedRun {
  const spec = { ...run.spec, seed };
  const found = yardstick(spec, results);
  if (found.recorded === null && found.others.length < fewestSeeds) {
    throw new UserError(
      `${run.label} on ${spec.task} has ${found.others.length} recorded seeds, and an interval for seed ${seed} needs ${fewestSeeds}: ${moreSeeds(spec)}`,
    );
  }
  return { spec, label: run.label };
}

/** What makes more seeds of a study. */
function moreSeeds({ study, tier }: RunSpec): string {
  return study.startsWith('own/')
    ? 'run petl ablate or the study that made it with more seeds'
    : `npx petl study ${study} --tier ${tier}`;
}

/** Every finished repeat of a tier that the runs on record can judge. */
export function repeats(tier: Tier, results?: string): readonly Repeat[] {
  const root = repeatsFolder(results);
  return studiesIn(tier === 'full' ? root : join(root, 'quick')).flatMap((study) =>
    readStudyFolder(study, tier, root)
      .flatMap(believed)
      .flatMap((record) => judged(record, results)),
  );
}

/** The repeat of one spec, if it is finished. */
export function repeatAt(spec: RunSpec, results?: string): readonly Repeat[] {
  return recordsOfRuns([spec], repeatsFolder(results)).flatMap((record) => judged(record, results));
}

function judged(
  { run: { label, spec }, final: { score, metric } }: RunRecord,
  results: string | undefined,
): readonly Repeat[] {
  const { recorded, others } = yardstick(spec, results);
  if (score === null || (recorded === null && others.length < fewestSeeds)) return [];
  if (recorded !== null)
    return [{ label, spec, metric, score, recorded, interval: null, held: sameScore(score, recorded) }];
  const interval = predictionInterval(others);
  return [{ label, spec, metric, score, recorded, interval, held: interval.low <= score && score <= interval.high }];
}

interface Yardstick {
  readonly recorded: number | null;
  readonly others: readonly number[];
}

/** Scores on record: of this spec, and of those that differ from it in the seed alone. */
function yardstick(spec: RunSpec, results: string | undefined): Yardstick {
  const [stored] = recordsOfRuns([spec], results);
  const seedless = (of: RunSpec): string => canonicalJson({ ...of, seed: 0 });
  const others = readStudyFolder(spec.study, spec.tier, results)
    .flatMap(believed)
    .filter(({ run }) => run.spec.seed !== spec.seed && seedless(run.spec) === seedless(spec))
    .flatMap(({ final }) => final.score ?? []);
  return { recorded: stored?.final.score ?? null, others };
}

function studiesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'quick')
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
