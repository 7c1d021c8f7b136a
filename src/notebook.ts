import { claimPath } from './experiments/runner/claims';
import { executeRun, StoppedError, type PlannedRun, type Standing, type Tools } from './experiments/runner/execute';
import { standing } from './experiments/runner/board';
import { progressTable } from './experiments/runner/progress';
import { readRun } from './experiments/store/read';
import type { RunRecord } from './experiments/store/record';
import { rowOf, rowsOfStudy } from './experiments/store/rows';
import { runPath } from './experiments/store/spec';
import { demandFound } from './experiments/studies/own-rates';
import { runStudy as runInWorkers, type RunStudyOptions } from './experiments/studies/run-study';
import type { Progress, StudyReport } from './experiments/runner/report';
import { variantOfMethod, type Study, type Variant } from './experiments/studies/study';
import { Interrupted, UserError } from './errors';
import { nearest } from './petl/design/nearest';
import { liveCurve, type Live } from './plots/live';
import { notebook } from './plots/output';
import { locks } from './processes';
import type { Report } from './training/job';
import { runBars } from './views/run-bars';
import { lotsOf, sayOf, sayTogether } from './found';
import type { RunRow } from './rows';

/** How `train` treats what is and is not on disk. */
export interface TrainOptions {
  /** Train anew what has a finished run. */
  readonly again?: boolean;
  /** What to do about runs that are not on disk: `train` them here, or `say` so and go on. */
  readonly missing?: 'train' | 'say';
  /** Stand-ins for training and folder, for tests. */
  readonly tools?: Tools;
  readonly results?: string;
  readonly say?: (line: string) => void;
}

/**
 * Trains the frozen model with one variant of a study, here and now with a live curve, and gives its rows, one for each
 * task and seed.
 * What has finished runs on disk is loaded, and a line says so. An interrupt stops between two steps and keeps the state
 * of the run in hand: the same call goes on from there.
 * @param variant name of a variant of the study, or any method: one that it does not list is trained as a variant of
 * its own, under the study's settings; of a list of them one line says what is on disk
 */
export async function train(
  study: Study,
  variant: string | readonly string[],
  options: TrainOptions = {},
): Promise<readonly RunRow[]> {
  demandFound(study, options.results);
  const say = options.say ?? ((line: string): void => void process.stdout.write(`${line}\n`));
  const names = typeof variant === 'string' ? [variant] : variant;
  const lots = names.map((name) => variantNamed(study, name)).flatMap((chosen) => lotsOf(chosen, options, say));
  if (typeof variant !== 'string') sayTogether(lots, study, options, say);
  return await heeding(async () => {
    const rows: RunRow[] = [];
    for (const lot of lots) {
      if (typeof variant === 'string') sayOf(lot, study, options, say);
      for (const { spec, record: stored } of lot.runs) {
        const { label } = lot;
        const record =
          stored ?? (options.missing === 'say' ? undefined : await trainOnce({ spec, label }, options, say));
        if (record !== undefined) rows.push(...rowOf(record).map((row) => ({ ...row, label })));
      }
    }
    return rows;
  });
}

/**
 * Runs what is missing of a study in worker processes, with live bars in a notebook and a table in a terminal. What is
 * on disk is found; an interrupt keeps what has finished and the state of the runs in hand, and the same call goes on from
 * there.
 * Learning rates that are to be found (`rate: 'tune'`) come first.
 * @throws UserError where runs failed, with the first reason
 * @throws Interrupted where the notebook was
 */
export async function runStudy(study: Study, options: RunStudyOptions = {}): Promise<StudyReport> {
  const output = notebook();
  const before = interrupts();
  const controller = new AbortController();
  const watch = setInterval(() => {
    if (interrupts() > before) controller.abort();
  }, 200);
  try {
    const stopped: Standing[] = [];
    const progress = options.progress ?? (output === undefined ? progressTable() : runBars(output));
    const watched: Progress = {
      ...progress,
      end: (lane, plan, answer) => {
        if (answer.kind === 'stopped') stopped.push(answer.at);
        progress.end(lane, plan, answer);
      },
    };
    const report = await heeding(() =>
      runInWorkers(study, { signal: controller.signal, ...options, progress: watched }),
    );
    if (report.interrupted && interrupts() > before) throw interrupted(stopped);
    return report;
  } finally {
    clearInterval(watch);
  }
}

/** Work that an interrupt stops by itself: `scripts/kernel.cjs` has the cell end with what it says. */
async function heeding<T>(work: () => Promise<T>): Promise<T> {
  const kernel = globalThis as { heeding?: number };
  kernel.heeding = (kernel.heeding ?? 0) + 1;
  try {
    return await work();
  } finally {
    kernel.heeding -= 1;
  }
}

/** What a cell says that was interrupted. */
function interrupted(stopped: readonly Standing[]): Interrupted {
  const kept = stopped.length === 0 ? 'what has finished' : stopped.map(standing).join(' and ');
  return new Interrupted(`Interrupted: ${kept} ${stopped.length > 1 ? 'are' : 'is'} kept; run the cell again`);
}

/** The variant of that name, or that of a method beside those listed; a UserError names what there is. */
export function variantNamed(study: Study, variant: string): Variant {
  const named = study.variants.find(({ name }) => name === variant);
  if (named !== undefined) return named;
  const names = study.variants.map(({ name }) => name);
  try {
    return variantOfMethod(study, variant);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `study ${study.name} has no variant "${variant}", and it is no method (${error.message}): choose from ${names.join(', ')}${nearest(variant, names)}`,
    );
  }
}

/** Rows of every finished run of the study as it stands today. */
export function resultsOf(study: Study, results?: string): readonly RunRow[] {
  return rowsOfStudy(study, results);
}

/** Trains the run, unless another process has it in hand: then waits for what that one finishes. */
async function trainOnce(plan: PlannedRun, options: TrainOptions, say: (line: string) => void): Promise<RunRecord> {
  const path = runPath(plan.spec, options.results);
  const { lock, nameOf } = locks();
  const before = interrupts();
  const release = await lock(
    claimPath(path),
    (owner) => say(`${plan.label}, seed ${plan.spec.seed}: in the hands of ${nameOf(owner)}; waiting for it`),
    () => {
      if (interrupts() > before) throw new Interrupted('Interrupted: nothing was begun; run the cell again');
    },
  );
  try {
    const found = options.again === true ? undefined : finishedRun(path);
    const record = found ?? (await trainLive(plan, options, say));
    if (interrupts() > before) throw interrupted([]); // while it was scored, which ends whole
    return record;
  } finally {
    release();
  }
}

function finishedRun(path: string): RunRecord | undefined {
  const stored = readRun(path);
  return stored.kind === 'finished' ? stored.record : undefined;
}

async function trainLive(plan: PlannedRun, options: TrainOptions, say: (line: string) => void): Promise<RunRecord> {
  const curve = liveReport(`${plan.label}, seed ${plan.spec.seed}`);
  const record = await executeRun(plan, besideOthers(options.tools ?? ownTools()), {
    engine: 'compiled',
    report: curve.report,
    say,
    ...(options.results === undefined ? {} : { results: options.results }),
  }).catch((error: unknown) => {
    const at = error instanceof StoppedError ? error.at : undefined;
    curve.stop(at === undefined ? 'ended by an error' : `stopped at ${standing(at)}`);
    throw at === undefined ? error : interrupted([at]);
  });
  await curve.finish(`${record.final.metric} ${record.final.score?.toFixed(4) ?? '-'}`);
  return record;
}

/** A notebook holds more than the run: its memory is not the run's own. */
function besideOthers(tools: Tools): Tools {
  return { ...tools, train: async (job, report) => ({ ...(await tools.train(job, report)), peakMb: null }) };
}

/** What this notebook's runs share; a kernel has one. */
let shared: import('./training/session').Session | undefined;

function ownTools(): Tools {
  const { train: trainJob } = require('./training/train') as typeof import('./training/train');
  const { Session } = require('./training/session') as typeof import('./training/session');
  const { countOpened } =
    require('./experiments/store/count-opened') as typeof import('./experiments/store/count-opened');
  const session = (shared ??= new Session());
  return { train: (job, report) => trainJob(job, report, session), count: countOpened };
}

interface LiveReport {
  readonly report: Report;
  readonly finish: (note: string) => Promise<void>;
  readonly stop: (line: string) => void;
}

/** A live curve of training and validation loss that ends training when the notebook is interrupted. */
function liveReport(label: string): LiveReport {
  const before = interrupts();
  let live: Live | undefined;
  return {
    report: (event) => {
      if (event.kind === 'evaluation') live?.mark('validation loss', { step: event.step, value: event.loss });
      else if (event.kind === 'step') {
        live ??= liveCurve({ label, total: event.steps });
        live.step(event.step, event.loss);
      }
      return interrupts() > before ? 'stop' : undefined;
    },
    finish: async (note) => {
      await live?.finish(note);
    },
    stop: (line) => live?.stop(line),
  };
}

/** How often this notebook was interrupted: counted by `scripts/kernel.cjs`. */
function interrupts(): number {
  return (globalThis as { interrupted?: number }).interrupted ?? 0;
}
