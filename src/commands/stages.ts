import type { PlannedRun } from '../experiments/runner/execute';
import { runPlanned, type RunOptions, type StudyReport } from '../experiments/runner/run';
import { runId } from '../experiments/store/spec';
import { demandTuned } from '../experiments/studies/demand-tuned';
import { plansOf, type Study } from '../experiments/studies/study';

/**
 * Runs what a study has, and again as long as what finished opens a further stage of it. `make` reads what is on disk.
 * @throws UserError where a full stage has no tuned rates; earlier stages keep their runs
 */
export async function runStages(make: () => Study, options: RunOptions): Promise<StudyReport> {
  const seen = new Set<string>();
  let total: StudyReport = { reused: 0, finished: 0, failed: [], interrupted: false };
  for (let study = make(), fresh = unseen(study, seen); fresh.length > 0; study = make(), fresh = unseen(study, seen)) {
    demandTuned(study);
    total = summed(total, await runPlanned(fresh, study.alone ? { ...options, workers: 1, alone: true } : options));
    if (total.interrupted || total.failed.length > 0) break;
  }
  return total;
}

function unseen(study: Study, seen: Set<string>): readonly PlannedRun[] {
  const fresh = plansOf(study).filter(({ spec }) => !seen.has(runId(spec)));
  for (const { spec } of fresh) seen.add(runId(spec));
  return fresh;
}

/** Both together. */
export function summed(a: StudyReport, b: StudyReport): StudyReport {
  return {
    reused: a.reused + b.reused,
    finished: a.finished + b.finished,
    failed: [...a.failed, ...b.failed],
    interrupted: a.interrupted || b.interrupted,
  };
}
