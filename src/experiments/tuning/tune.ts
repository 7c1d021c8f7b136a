import { UserError } from '../../errors';
import type { StudyReport } from '../runner/report';
import { runPlanned } from '../runner/run';
import type { RunOptions } from '../runner/state';
import { runId } from '../store/spec';
import type { Rung, Tunable } from '../studies/study';
import { candidates, trialsOf, widened, type Family } from './candidates';
import { tableOf } from './table';
import { trialSeeds, type TuningTable } from './tuned';

/** How often an optimum on the edge may ask for one more rate. */
const mostExtra = 3;

const oneRung: readonly Rung[] = [{ share: 1, seeds: trialSeeds.slice(0, 1), keep: Infinity, validation: 'all' }];

export interface Tuning {
  readonly table: TuningTable | undefined;
  readonly reports: readonly StudyReport[];
}

/**
 * Tries the same number of log-spaced learning rates for every family, each around its own centre, and keeps the one
 * with the lowest validation loss. Where there are rungs, the best of each go on to longer trials with more seeds
 * (successive halving). On every rung an optimum on the edge of what was tried adds a trial beyond it. The test set is
 * not touched. No table while a trial is missing.
 */
export async function tune(tunable: Tunable, options: RunOptions): Promise<Tuning> {
  const rungs = tunable.rungs ?? oneRung;
  let families: readonly Family[] = tunable.families.map((family) => ({ ...family, tried: [] }));
  const reports: StudyReport[] = [];
  const seen = new Set<string>();
  for (const rung of rungs) {
    families = families.map((family) => ({ ...family, tried: [...family.tried, candidates(family, rungs, options)] }));
    for (let round = 0; round <= mostExtra; round++) {
      const report = await runRung(families, rung, options, seen);
      reports.push(report);
      if (report.interrupted || report.failed.length > 0) return { table: undefined, reports };
      const wider = families.map((family) => widened(family, rung, options.results));
      if (round === mostExtra || wider.every((family, i) => family === families[i])) break;
      families = wider;
    }
  }
  return { table: tableOf(tunable, rungs, families, options.results), reports };
}

/** Runs the trials of a rung but for those `seen`: what is made again is made once, and what diverged would again. */
async function runRung(
  families: readonly Family[],
  rung: Rung,
  options: RunOptions,
  seen: Set<string>,
): Promise<StudyReport> {
  const plans = families.flatMap((family) =>
    (family.tried[family.tried.length - 1] ?? []).flatMap((candidate) => trialsOf(family, candidate, rung)),
  );
  const fresh = plans.filter(({ spec }) => !seen.has(runId(spec)));
  for (const { spec } of fresh) seen.add(runId(spec));
  return withoutDiverged(await runPlanned(fresh, options));
}

/** A trial whose loss left the numbers is a trial with a result: the worst. */
function withoutDiverged(report: StudyReport): StudyReport {
  return { ...report, failed: report.failed.filter(({ message }) => !/lower (the|its) learning rate/.test(message)) };
}

/**
 * The part of `tunable` that tunes one family, all of it for ''; an unknown one is a UserError that lists the known
 * ones.
 */
export function onlyFamily(tunable: Tunable, name: string): Tunable {
  const families = tunable.families.filter((family) => name === '' || family.name === name);
  if (families.length > 0) return { ...tunable, families };
  throw new UserError(
    `${tunable.name} has no family "${name}": choose from ${tunable.families.map((family) => family.name).join(', ')}`,
  );
}
