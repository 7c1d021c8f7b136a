import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { timestamp } from '../../clock';
import type { Report, TrainingJob, TrainingOutcome } from '../../training/job';
import { Interrupted, MachineError } from '../../errors';
import { environment, type Environment } from '../store/environment';
import { readRun } from '../store/read';
import type { RunCounts, RunLine, RunRecord } from '../store/record';
import { jobOf, runId, adapterFolder, runPath, type RunSpec } from '../store/spec';
import { openRun } from '../store/write';

/** A run and what a reader calls it. */
export interface PlannedRun {
  readonly spec: RunSpec;
  readonly label: string;
}

/** What executing a run needs from the rooms below; tests hand in their own. */
export interface Tools {
  readonly train: (job: TrainingJob, report: Report) => Promise<TrainingOutcome>;
  readonly count: (spec: RunSpec) => RunCounts | Promise<RunCounts>;
}

export interface ExecuteOptions {
  readonly engine: TrainingJob['engine'];
  readonly report: Report;
  /** Takes lines about the run itself; standard error where left out. */
  readonly say?: (line: string) => void;
  /** Folder of results; the project's own where left out. */
  readonly results?: string;
}

/** The run was asked to stop before its end; its state is kept, and executing it again goes on from there. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  /** Where it stands. */
  readonly at: Standing;

  constructor(message: string, at: Standing) {
    super(message);
    this.at = at;
  }
}

/** Steps taken of a run that was stopped. */
export interface Standing {
  readonly step: number;
  readonly steps: number;
}

/** Trains, scores and writes one run, replacing what its file held. */
export async function executeRun(plan: PlannedRun, tools: Tools, options: ExecuteOptions): Promise<RunRecord> {
  const path = runPath(plan.spec, options.results);
  const counts = await tools.count(plan.spec);
  const writer = openRun(path, runLine(plan, counts, options.engine));
  const checkpoint = {
    path: checkpointPath(plan.spec, options.results),
    seconds: Number(process.env['PETL_KEEP_SECONDS']) || 60, // where machines may go at any time, sooner
    by: maker(),
    say: options.say ?? standardError,
  };
  let at: Standing = { step: 0, steps: 0 };
  try {
    const keep = adapterFolder(plan.spec, options.results);
    const job = { ...jobOf(plan.spec, options.engine), ...(keep === undefined ? {} : { keep }), checkpoint };
    const outcome = await tools.train(job, (event) => {
      writer.event(event);
      if (event.kind === 'step') at = { step: event.step, steps: event.steps };
      return options.report(event);
    });
    writer.finish(outcome); // also of a run that was asked to stop while it was scored: nothing of it is left to do
    rmSync(checkpoint.path, { force: true });
  } catch (error) {
    writer.discard();
    if (error instanceof Interrupted) throw new StoppedError(`${runId(plan.spec)} was stopped before its end`, at);
    // It would fail alike, unless the machine fails it, which asks for the same command again.
    if (!(error instanceof MachineError)) rmSync(checkpoint.path, { force: true });
    throw error;
  }
  return finished(path);
}

/** What a record says made the run must have made all of it. */
function maker(): Pick<Environment, 'code' | 'kernels' | 'threads'> {
  const { code, kernels, threads } = environment();
  return { code, kernels, threads };
}

function standardError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Where the state of a run under way is kept: beside its file, out of git. */
export function checkpointPath(spec: RunSpec, results?: string): string {
  const path = runPath(spec, results);
  return join(dirname(path), `.checkpoint-${runId(spec)}.safetensors`);
}

function finished(path: string): RunRecord {
  const stored = readRun(path);
  if (stored.kind === 'finished') return stored.record;
  throw new Error(`${path} cannot be read back: ${stored.kind === 'damaged' ? stored.reason : 'it is gone'}`);
}

function runLine({ spec, label }: PlannedRun, counts: RunCounts, engine: TrainingJob['engine']): RunLine {
  return {
    kind: 'run',
    format: 1,
    id: runId(spec),
    label,
    spec,
    counts,
    engine,
    environment: environment(),
    started: timestamp(),
  };
}
