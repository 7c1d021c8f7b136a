import { availableParallelism } from 'node:os';
import { UserError } from '../../errors';
import { progressTable } from '../runner/progress';
import { nothing, summed, type Progress, type StudyReport } from '../runner/report';
import { runPlanned } from '../runner/run';
import type { RunOptions } from '../runner/state';
import { runId } from '../store/spec';
import { writeTuning } from '../tuning/table';
import { tune } from '../tuning/tune';
import type { PlannedRun } from '../runner/execute';
import { demandTuned } from './demand-tuned';
import { demandUsual, hasRates, ownTable, ownTablePath } from './own-rates';
import { plansOf, type Study } from './study';

/**
 * Runs what a study has, and again as long as what finished opens a further stage of it. `make` reads what is on disk.
 * @throws UserError where a full stage has no tuned rates; earlier stages keep their runs
 */
export async function runStages(make: () => Study, options: RunOptions): Promise<StudyReport> {
  const seen = new Set<string>();
  let total = await findRates(make(), options);
  if (total.interrupted || total.failed.length > 0) return total;
  for (let study = make(), fresh = unseen(study, seen); fresh.length > 0; study = make(), fresh = unseen(study, seen)) {
    demandTuned(study);
    total = summed(total, await runPlanned(fresh, study.alone ? { ...options, workers: 1, alone: true } : options));
    if (total.interrupted || total.failed.length > 0) break;
  }
  return total;
}

/** The trials of a study that finds its rates; finished ones are not run again, and the table is kept. */
async function findRates(study: Study, options: RunOptions): Promise<StudyReport> {
  demandUsual(study, options.results);
  const { tunable } = study;
  if (tunable === undefined) return nothing;
  if (options.again !== true && hasRates(tunable, ownTable(tunable, options.results))) return nothing;
  const tuning = await tune(tunable, options);
  if (tuning.table !== undefined) writeTuning(tuning.table, ownTablePath(tunable, options.results));
  return tuning.reports.reduce(summed, nothing);
}

function unseen(study: Study, seen: Set<string>): readonly PlannedRun[] {
  const fresh = plansOf(study).filter(({ spec }) => !seen.has(runId(spec)));
  for (const { spec } of fresh) seen.add(runId(spec));
  return fresh;
}

/** How a study is run, and where its results lie. */
export interface RunStudyOptions extends Partial<
  Pick<RunOptions, 'again' | 'cluster' | 'results' | 'signal' | 'launch' | 'threads' | 'memoryMb'>
> {
  /** Processes side by side, each with its share of the cores; 2 where left out and there are as many cores. */
  readonly workers?: number;
  readonly progress?: Progress;
}

/**
 * Runs what is missing of a study in worker processes, with bars and the time left; what is on disk is found. Rates
 * that are to be found come first. An interrupt ends the workers; finished runs stay.
 * @throws UserError where runs failed, with the first reason
 */
export async function runStudy(study: Study, options: RunStudyOptions = {}): Promise<StudyReport> {
  const { workers = Math.min(2, availableParallelism()), progress = progressTable(), ...rest } = options;
  if (!Number.isInteger(workers) || workers < 1 || workers > 64)
    throw new UserError(`workers must be a whole number from 1 to 64, not ${workers}`);
  const report = await runStages(() => study, { ...rest, workers, progress, engine: 'compiled' });
  const [first] = report.failed;
  if (first === undefined) return report;
  throw new UserError(
    `${report.failed.length} ${report.failed.length === 1 ? 'run' : 'runs'} failed, the first of ${first.plan.label}: ${first.message}`,
  );
}
