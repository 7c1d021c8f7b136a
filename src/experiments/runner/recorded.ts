import { availableParallelism } from 'node:os';
import type { TrainingJob } from '../../training/job';
import type { RunRecord } from '../store/record';
import type { PlannedRun } from './execute';
import { threadsOf } from './process';
import { nothing, summed, type StudyReport } from './report';
import { runPlanned } from './run';
import type { RunOptions } from './state';

/** A run that is made as a record says. */
export interface Recorded {
  readonly plan: PlannedRun;
  readonly threads: number;
  readonly engine: TrainingJob['engine'];
}

/** Records from before threads were kept come from two workers side by side. */
export function asRecorded({ run }: RunRecord, plan: PlannedRun = { spec: run.spec, label: run.label }): Recorded {
  return { plan, threads: run.environment.threads ?? threadsOf(2), engine: run.engine };
}

/** Makes runs with the threads and engine of their records, as many side by side as the cores allow. */
export async function runAsRecorded(
  all: readonly Recorded[],
  options: Omit<RunOptions, 'engine' | 'threads' | 'workers'>,
): Promise<StudyReport> {
  const groups = new Map<string, Recorded[]>();
  for (const one of all) {
    const key = `${one.threads} ${one.engine}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  let report = nothing;
  for (const group of groups.values()) {
    const [{ threads, engine }] = group as [Recorded];
    if (report.interrupted) break;
    const workers = Math.max(1, Math.floor(availableParallelism() / threads));
    const plans = group.map(({ plan }) => plan);
    report = summed(report, await runPlanned(plans, { ...options, threads, engine, workers }));
  }
  return report;
}
