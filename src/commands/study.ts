import { availableParallelism } from 'node:os';
import { UserError } from '../errors';
import { demandPlace } from '../files';
import type { StudyReport } from '../experiments/runner/report';
import type { RunOptions } from '../experiments/runner/state';
import { progressTable } from '../experiments/runner/progress';
import { rowsOfStudy } from '../experiments/store/rows';
import { isFinished } from '../experiments/store/read';
import { runPath, tiers, type Tier } from '../experiments/store/spec';
import { studyNamed } from '../experiments/studies';
import { atPrecision } from '../experiments/studies/precision';
import { plansOf, type Study } from '../experiments/studies/study';
import { memoryOf } from '../experiments/runner/memory';
import { flag, givenOf, precisionOf, print, printJson, textOf, wholeOf, wordOf, type Input } from './command';
import { figuresFolder, relativePath } from './paths';
import { runStages } from '../experiments/studies/run-study';
import type { RunRow } from '../rows';
import type { StoredStudy } from './figure';

export const tierOf = (input: Input): Tier => wordOf(input, 'tier', { words: tiers, fallback: 'quick' });

/** The study that the first argument names. */
export function studyOf(input: Input, tier: Tier = tierOf(input)): Study {
  return studyNamed(input.positionals[0] ?? '', tier);
}

/** `petl study NAME`: runs what is missing, then prints the table and writes the figure. */
export async function studyCommand(input: Input): Promise<number> {
  const tier = tierOf(input);
  const precision = precisionOf(input);
  return await runAndShow(() => atPrecision(studyOf(input, tier), precision), input);
}

interface Shown {
  /** Where figures go. */
  readonly folder?: string;
  /** What is said of the data beside the results, under `--json`. */
  readonly notes?: object;
}

/** Runs a study and shows what came out, also after a failure or an interrupt. */
export async function runAndShow(
  make: () => Study,
  input: Input,
  { folder = figuresFolder(make().tier), notes = {} }: Shown = {},
): Promise<number> {
  demandPlaceForFigures(make(), folder);
  const report = await withInterrupt((signal) => runStages(make, { ...optionsOf(input), signal }));
  const study = make();
  const rows = rowsOfStudy(study);
  const { files, fault } = await drawn(study, rows, folder);
  if (flag(input, 'json'))
    printJson({ study: study.name, tier: study.tier, ...notes, ...reportJson(report), rows, files });
  else if (rows.length > 0)
    print(
      [
        `${titleOf(study)}\n\n${scores(rows)}`,
        ...(files.length > 0 ? [files.map((file) => `  ${file}`).join('\n')] : []),
      ].join('\n\n'),
    );
  sayFailures(report);
  if (fault !== undefined && !report.interrupted) throw fault;
  return exitCode(report);
}

/** Found out before anything is trained. */
function demandPlaceForFigures(study: Study, folder: string): void {
  if (plansOf(study).some(({ spec }) => !isFinished(runPath(spec)))) demandPlace(folder);
}

/** The figures' paths; where they cannot be written the scores are shown all the same, and the fault is told last. */
async function drawn(
  study: Study,
  rows: readonly RunRow[],
  folder: string,
): Promise<{ readonly files: readonly string[]; readonly fault?: Error }> {
  if (rows.length === 0) return { files: [] };
  try {
    return { files: await writeFigure(study, rows, folder) };
  } catch (error) {
    return { files: [], fault: error as Error };
  }
}

function titleOf({ title, tier, source }: Pick<StoredStudy, 'title' | 'tier' | 'source'>): string {
  return source === 'own' ? title : `${title} (tier ${tier}; after ${source})`;
}

function scores(rows: readonly RunRow[]): string {
  const { scoreTable } = require('../plots/score-table') as typeof import('../plots/score-table');
  const { tableText } = require('../plots/table') as typeof import('../plots/table');
  return tableText(scoreTable(rows));
}

async function writeFigure(study: Study, rows: readonly RunRow[], folder: string): Promise<readonly string[]> {
  const { writeFigures } = require('./figure') as typeof import('./figure');
  return (await writeFigures(study, rows, folder)).map(relativePath);
}

export function optionsOf(input: Input): RunOptions {
  const cluster = givenOf(input, 'cluster');
  if (cluster !== undefined && givenOf(input, 'workers') !== undefined)
    throw new UserError('--workers counts processes here and --cluster those elsewhere: write one of them');
  return {
    ...(cluster === undefined ? {} : { cluster }),
    ...(givenOf(input, 'threads') === undefined
      ? {}
      : { threads: wholeOf(input, 'threads', { least: 1, most: 256, fallback: 1 }) }),
    ...(givenOf(input, 'memory') === undefined ? {} : { memoryMb: memoryOf(textOf(input, 'memory')) }),
    workers: wholeOf(input, 'workers', { least: 1, most: 64, fallback: Math.min(2, availableParallelism()) }),
    engine: flag(input, 'eager') ? 'eager' : 'compiled',
    again: flag(input, 'again'),
    progress: progressTable(),
  };
}

/** Hands over a signal that the first Ctrl-C aborts; a second one ends this process at once. */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function reportJson({ reused, finished, failed, interrupted }: StudyReport): object {
  return {
    reused,
    finished,
    interrupted,
    failed: failed.map(({ plan, message }) => ({
      label: plan.label,
      method: plan.spec.method,
      seed: plan.spec.seed,
      message,
    })),
  };
}

/** One line for each reason, with the runs that failed for it. */
export function sayFailures({ failed, interrupted, finished }: StudyReport): void {
  const reasons = new Map<string, string[]>();
  for (const { plan, message } of failed)
    reasons.set(message, [...(reasons.get(message) ?? []), `${plan.spec.method} seed ${plan.spec.seed}`]);
  for (const [message, runs] of reasons) console.error(`failed: ${runs.join(', ')}: ${message}`);
  if (failed.length > 0) console.error('Finished runs are kept; the same command runs the rest again.');
  if (interrupted)
    console.error(
      `Interrupted: ${finished} new finished ${finished === 1 ? 'run is' : 'runs are'} kept; the same command goes on from there.`,
    );
}

/** 0; 1 where a run failed; 2 where all that failed lies in the input; 130 after an interrupt. */
export function exitCode({ failed, interrupted }: StudyReport): number {
  if (interrupted) return 130;
  if (failed.length === 0) return 0;
  return failed.every(({ user }) => user) ? 2 : 1;
}

/** `petl results NAME`: the score table of what is on disk. */
export function resultsCommand(input: Input): number {
  const { storedStudy } = require('./figure') as typeof import('./figure');
  const study = storedStudy(input.positionals[0] ?? '', tierOf(input));
  const { name, tier, rows } = study;
  if (flag(input, 'json')) {
    printJson(rows);
    return 0;
  }
  if (rows.length === 0)
    throw new UserError(`no finished runs of ${name}, tier ${tier}: run npx petl study ${name} --tier ${tier}`);
  print(`${titleOf(study)}\n\n${scores(rows)}`);
  return 0;
}

/** `petl export NAME`: figures and tables of what is on disk. */
export async function exportCommand(input: Input): Promise<number> {
  const { exportStored, storedStudy } = require('./figure') as typeof import('./figure');
  const tier = tierOf(input);
  const study = storedStudy(input.positionals[0] ?? '', tier);
  const [out, width, x] = [givenOf(input, 'out'), givenOf(input, 'width'), givenOf(input, 'x')];
  const files = await exportStored(study, tier, {
    formats: textOf(input, 'formats', 'svg,png,html,csv').split(','),
    ...(out === undefined ? {} : { out }),
    ...(width === undefined ? {} : { width }),
    ...(x === undefined ? {} : { x }),
  });
  const paths = files.map(relativePath);
  if (flag(input, 'json')) printJson(paths);
  else print(paths.join('\n'));
  return 0;
}
