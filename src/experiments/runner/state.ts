import type { TrainingJob } from '../../training/job';
import type { Claims } from './claims';
import type { PlannedRun } from './execute';
import type { Launch, WorkerProcess } from './process';
import type { Failure, Progress } from './report';

export interface RunOptions {
  readonly workers: number;
  /**
   * Of each worker; its share of the cores where left out, be the runs ever so few: sums round otherwise with another
   * number.
   */
  readonly threads?: number;
  /** MiB that a worker may hold: one that takes more is ended, and its run has failed if it was alone in there. */
  readonly memoryMb?: number;
  readonly engine: TrainingJob['engine'];
  readonly progress: Progress;
  /** Run what is finished again, too. */
  readonly again?: boolean;
  /** Each run in a process of its own, so that its memory is its own. */
  readonly alone?: true;
  readonly results?: string;
  readonly launch?: Launch;
  /** Where runs are made instead of here: `tcp://HOST:PORT` of a Dask scheduler, or `local:3`. */
  readonly cluster?: string;
  /** Aborted by an interrupt: workers keep the state of the runs in hand and end, finished runs stay. */
  readonly signal?: AbortSignal;
}

/** What the lanes of a study share while it runs. */
export interface State {
  readonly queue: PlannedRun[];
  readonly retried: Set<string>;
  /** Runs that this study has taken up: a state that is there is its own. */
  readonly begun: Set<string>;
  /** What this study has taken, so that others on the same folder do not train it too. */
  readonly claims: Claims;
  /** Runs of others that were spoken of. */
  readonly waited: Set<string>;
  /** What compiles alike in each lane. */
  readonly active: Map<number, string>;
  readonly workers: Set<WorkerProcess>;
  readonly failed: Failure[];
  finished: number;
  /** Runs that others finished. */
  elsewhere: number;
  /** About how long a run takes. */
  readonly costs: (plan: PlannedRun) => number;
  /** How many lanes may work now. */
  readonly slots: () => number;
  readonly options: RunOptions;
}
