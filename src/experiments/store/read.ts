import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../errors';
import { readText } from '../../json';
import { isOfWholeSet } from '../../tasks/metrics/metric';
import type { EvalLine, FinalLine, RunRecord, RunRecordLine, TrainLine } from './record';
import { lineSchema } from './schema';
import { unsealed } from '../../seal';
import { runId, studyFolder, type Tier } from './spec';

/** What a path holds: a finished run, nothing, or a file that must not be believed. */
export type Stored =
  | { readonly kind: 'finished'; readonly record: RunRecord }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly path: string; readonly reason: string };

/**
 * Reads a run's file. A run counts only when its checksum is right (files from before there were any have none), every
 * line is whole and of the schema, the last is a `final` that agrees with itself, and the spec is the file's own.
 */
export function readRun(path: string): Stored {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' };
    return { kind: 'damaged', path, reason: (error as Error).message };
  }
  const record = recordIn(text);
  const reason = typeof record === 'string' ? record : fault(record, path);
  if (typeof record === 'string' || reason !== undefined) return { kind: 'damaged', path, reason: reason ?? '' };
  return { kind: 'finished', record };
}

/** The finished run in a file that a user named. */
export function recordAt(path: string): RunRecord {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new UserError(`${path} is a folder: name the file of a run in it, which ends with .jsonl`);
  const stored = readRun(path);
  if (stored.kind === 'finished') return stored.record;
  throw new UserError(
    stored.kind === 'missing' ? `there is no run file ${path}: name a file below results` : `${path}: ${stored.reason}`,
  );
}

/** The record that a text holds, or what is wrong with it. */
function recordIn(text: string): RunRecord | string {
  if (text === '') return 'it is empty';
  if (!text.endsWith('\n')) return 'its last line is cut off';
  const bare = unsealed(text);
  if (bare === undefined) return 'its checksum does not fit: it was changed after it was written';
  const lines: RunRecordLine[] = [];
  for (const [index, line] of bare.slice(0, -1).split('\n').entries()) {
    const read = readText(line, lineSchema);
    if (read.kind === 'fault') return `line ${index + 1} ${read.reason}`;
    lines.push(read.value);
  }
  return assemble(lines);
}

function assemble(lines: readonly RunRecordLine[]): RunRecord | string {
  const [run, ...inner] = lines;
  const final = inner.pop();
  if (run?.kind !== 'run' || final?.kind !== 'final') return 'it does not begin with a run and end with a final line';
  const train = inner.filter((line): line is TrainLine => line.kind === 'train');
  const evaluations = inner.filter((line): line is EvalLine => line.kind === 'eval');
  if (train.length + evaluations.length < inner.length) return 'it holds a run or a final line twice';
  return { run, train, evaluations, final };
}

/** What makes a record unbelievable, if anything. */
function fault({ run, final }: RunRecord, path: string): string | undefined {
  const id = runId(run.spec);
  if (run.id !== id || basename(path) !== `${id}.jsonl`) return 'its spec does not give its file name';
  return (
    faultOfCounts(final, run.spec.training.scored.test) ?? faultOfScore(final, run.spec.training.scored.test === 0)
  );
}

function faultOfCounts({ perExample, tests, tokens, data }: FinalLine, asked: number | 'all'): string | undefined {
  const count = perExample.length;
  if (count !== tests.count || (data !== null && data.test.count !== count))
    return 'its per-example scores do not match their count';
  if (count === 0 ? asked !== 0 : asked !== 'all' && count > asked)
    return `it has ${count} per-example scores where ${asked} were asked for`;
  return tokens.length > 0 && tokens.length !== count ? 'its token counts do not match its scores' : undefined;
}

/** Per-example scores are kept to six digits: as far as that their mean is the score. */
function faultOfScore({ score, loss, metric, perExample }: FinalLine, unscored: boolean): string | undefined {
  if (unscored) return score === null && loss === null ? undefined : 'it has a score that nothing was scored for';
  if (score === null || loss === null) return 'its score is not a number';
  if (isOfWholeSet(metric)) return undefined;
  const mean = perExample.reduce((sum, value) => sum + value, 0) / perExample.length;
  return Math.abs(mean - score) <= 1e-5 * Math.max(1, Math.abs(score)) ? undefined : meanFault(mean, score);
}

function meanFault(mean: number, score: number): string {
  return `its score ${score} is not the mean of its per-example scores, ${Number(mean.toPrecision(6))}`;
}

/** All files of a study on disk, in name order. */
export function readStudyFolder(study: string, tier: Tier, results?: string): readonly Stored[] {
  const folder = studyFolder(study, tier, results);
  return filesOf(folder)
    .filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'))
    .sort()
    .map((name) => readRun(join(folder, name)));
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** True where a finished run lies under `path`. */
export function isFinished(path: string): boolean {
  return readRun(path).kind === 'finished';
}
