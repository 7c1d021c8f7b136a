import { availableParallelism } from 'node:os';
import type { PlannedRun } from '../experiments/runner/execute';
import { threadsOf } from '../experiments/runner/process';
import { recordAt } from '../experiments/store/read';
import type { RunRecord } from '../experiments/store/record';
import { repeatAt, repeatOf, repeatsFolder } from '../experiments/runner/repeat';
import { runPlanned, type RunOptions, type StudyReport } from '../experiments/runner/run';
import { tableText } from '../plots/table';
import { groupBy } from '../plots/summary';
import { repeatTable } from '../views/repeat-table';
import { flag, print, printJson, wholeOf, type Input } from './command';
import { summed } from '../experiments/studies/run-study';
import { exitCode, optionsOf, sayFailures, withInterrupt } from './study';

interface Repeated {
  readonly plan: PlannedRun;
  readonly threads: number;
}

/**
 * `petl repeat RUN...`: makes recorded runs a second time, with their seeds or a new one, and says whether the results
 * hold.
 */
export async function repeatCommand(input: Input): Promise<number> {
  const all = input.positionals.map((path) => repeated(recordAt(path), input));
  const report = await withInterrupt((signal) =>
    runAll(all, { ...optionsOf(input), again: true, results: repeatsFolder(), signal }),
  );
  const failed = new Set(report.failed.map(({ plan }) => plan));
  const found = all.filter(({ plan }) => !failed.has(plan)).flatMap(({ plan }) => repeatAt(plan.spec));
  if (flag(input, 'json')) printJson(found);
  else if (found.length > 0) print(tableText(repeatTable(found)));
  sayFailures(report);
  return Math.max(exitCode(report), found.every(({ held }) => held) ? 0 : 1);
}

/** Records from before threads were kept come from two workers side by side. */
function repeated(record: RunRecord, input: Input): Repeated {
  const seed = wholeOf(input, 'seed', { least: 0, most: 2 ** 31 - 1, fallback: record.run.spec.seed });
  return { plan: repeatOf(record, { seed }), threads: record.run.environment.threads ?? threadsOf(2) };
}

/** With the threads of the record, as many side by side as the cores allow. */
async function runAll(all: readonly Repeated[], options: RunOptions): Promise<StudyReport> {
  let report: StudyReport = { reused: 0, finished: 0, failed: [], interrupted: false };
  for (const [threads, group] of groupBy(all, (one) => one.threads)) {
    if (report.interrupted) break;
    const workers = Math.max(1, Math.floor(availableParallelism() / threads));
    report = summed(
      report,
      await runPlanned(
        group.map(({ plan }) => plan),
        { ...options, threads, workers },
      ),
    );
  }
  return report;
}
