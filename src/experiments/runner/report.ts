import type { TrainingEvent } from '../../training/job';
import type { PlannedRun } from './execute';
import type { Answer } from './process';

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

/** Told what happens; see `board.ts`. Lanes are numbered from 0, one for each worker. */
export interface Progress {
  /** @param cost about how long a run takes, in any unit: for the time left */
  readonly plan: (plans: readonly PlannedRun[], reused: number, cost: (plan: PlannedRun) => number) => void;
  readonly note: (line: string) => void;
  readonly begin: (lane: number, plan: PlannedRun) => void;
  readonly event: (lane: number, event: TrainingEvent) => void;
  readonly end: (lane: number, plan: PlannedRun, answer: Answer) => void;
  readonly close: () => void;
}
