import { relative } from 'node:path';
import { executeRun, type PlannedRun, type Tools } from './experiments/execute';
import { countRun } from './experiments/counts';
import { readRun } from './experiments/read';
import type { RunRecord } from './experiments/record';
import { rowOf, rowsOfRuns, type RunRow } from './experiments/rows';
import { runPath } from './experiments/spec';
import { plansOf, type Study } from './experiments/studies/study';
import { UserError } from './errors';
import { nearest } from './petl/nearest';
import { liveCurve, type Live } from './plots/live';
import { projectRoot } from './project';
import type { Report } from './training/job';

export interface TrainOptions {
  /** Train anew what has a finished run. */
  readonly again?: boolean;
  /** Stand-ins for training and folder, for tests. */
  readonly tools?: Tools;
  readonly results?: string;
  readonly say?: (line: string) => void;
}

/**
 * Trains the frozen model with one variant of a study, here and now with a live curve, and gives its rows, one for each seed.
 * A seed with a finished run on disk is loaded, and the line says so. An interrupt stops between two steps and keeps nothing
 * of the run in hand.
 * @param variant name of a variant of the study: the written form of its method
 */
export async function train(study: Study, variant: string, options: TrainOptions = {}): Promise<readonly RunRow[]> {
  const names = study.variants.map(({ name }) => name);
  const chosen = study.variants.find(({ name }) => name === variant);
  if (chosen === undefined) throw new UserError(`study ${study.name} has no variant "${variant}"${nearest(variant, names)}: choose from ${names.join(', ')}`);
  const rows: RunRow[] = [];
  for (const spec of chosen.runs) rows.push(...rowOf(await finished({ spec, label: chosen.label }, options)));
  return rows;
}

/** Rows of every finished run of the study as it stands today. */
export function resultsOf(study: Study, results?: string): readonly RunRow[] {
  return rowsOfRuns(plansOf(study).map(({ spec }) => spec), results);
}

async function finished(plan: PlannedRun, options: TrainOptions): Promise<RunRecord> {
  const path = runPath(plan.spec, options.results);
  const stored = readRun(path);
  const say = options.say ?? ((line: string): void => void process.stdout.write(`${line}\n`));
  if (stored.kind === 'damaged') say(`${stored.path}: ${stored.reason}; training again`);
  if (stored.kind !== 'finished' || options.again === true) return await trainLive(plan, options);
  const { score, metric, seconds } = stored.record.final;
  say(`${plan.label}, seed ${plan.spec.seed}: finished run on disk, ${metric} ${score?.toFixed(4) ?? '-'}, trained in ${seconds.toFixed(0)} s`);
  say(`  ${relative(projectRoot(), path)}`);
  return stored.record;
}

async function trainLive(plan: PlannedRun, options: TrainOptions): Promise<RunRecord> {
  const curve = liveReport(`${plan.label}, seed ${plan.spec.seed}`);
  const record = await executeRun(plan, options.tools ?? ownTools(), { engine: 'compiled', report: curve.report, ...(options.results === undefined ? {} : { results: options.results }) });
  await curve.finish(`${record.final.metric} ${record.final.score?.toFixed(4) ?? '-'}`);
  return record;
}

function ownTools(): Tools {
  const { train: trainJob } = require('./training/train') as typeof import('./training/train');
  return { train: trainJob, count: countRun };
}

interface LiveReport { readonly report: Report; readonly finish: (note: string) => Promise<void> }

/** A live curve of training and validation loss that ends training when the notebook is interrupted. */
function liveReport(label: string): LiveReport {
  const before = interrupts();
  let live: Live | undefined;
  return {
    report: (event) => {
      if (event.kind === 'evaluation') live?.mark('validation loss', { step: event.step, value: event.loss });
      else {
        live ??= liveCurve({ label, total: event.steps });
        live.step(event.step, event.loss);
      }
      return interrupts() > before ? 'stop' : undefined;
    },
    finish: async (note) => { await live?.finish(note); },
  };
}

/** How often this notebook was interrupted: counted by `scripts/kernel.cjs`. */
function interrupts(): number {
  return (globalThis as { interrupted?: number }).interrupted ?? 0;
}
