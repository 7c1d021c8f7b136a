import type { PlannedRun } from './execute';

export interface Failure {
  readonly plan: PlannedRun;
  readonly message: string;
  /** The fault lies in the input, not in the run. */
  readonly user: boolean;
}

export interface StudyReport {
  /** Runs that were already on disk, or that another process finished meanwhile. */
  readonly reused: number;
  readonly finished: number;
  readonly failed: readonly Failure[];
  readonly interrupted: boolean;
}

/** Before anything has run. */
export const nothing: StudyReport = { reused: 0, finished: 0, failed: [], interrupted: false };

/** Both together. */
export function summed(a: StudyReport, b: StudyReport): StudyReport {
  return {
    reused: a.reused + b.reused,
    finished: a.finished + b.finished,
    failed: [...a.failed, ...b.failed],
    interrupted: a.interrupted || b.interrupted,
  };
}
