import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import {
  completeRecord,
  type EvalLine,
  type FinalLine,
  type RunLine,
  type RunRecord,
  type RunRecordLine,
  type TrainLine,
} from './record';
import { runId, studyFolder, type Tier } from './spec';

/** What a path holds: a finished run, nothing, or a file that must not be believed. */
export type Stored =
  | { readonly kind: 'finished'; readonly record: RunRecord }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly path: string; readonly reason: string };

/**
 * Reads a run's file. A run counts only when every line is whole, the last is a valid `final` and the spec is the
 * file's own.
 */
export function readRun(path: string): Stored {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' };
    return { kind: 'damaged', path, reason: (error as Error).message };
  }
  const parsed = parseLines(text);
  if (typeof parsed === 'string') return { kind: 'damaged', path, reason: parsed };
  const record = assemble(parsed);
  const reason = record === undefined ? 'it does not begin with a run and end with a final line' : fault(record, path);
  if (record !== undefined && reason === undefined) return { kind: 'finished', record: completeRecord(record) };
  return { kind: 'damaged', path, reason: reason ?? 'unreadable' };
}

/** The finished run in a file that a user named. */
export function recordAt(path: string): RunRecord {
  const stored = readRun(path);
  if (stored.kind === 'finished') return stored.record;
  throw new UserError(
    stored.kind === 'missing' ? `there is no run file ${path}: name a file below results` : `${path}: ${stored.reason}`,
  );
}

/** The lines, or what is wrong with the text. */
function parseLines(text: string): readonly RunRecordLine[] | string {
  if (text === '') return 'it is empty';
  if (!text.endsWith('\n')) return 'its last line is cut off';
  const lines: RunRecordLine[] = [];
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    try {
      lines.push(JSON.parse(line) as RunRecordLine);
    } catch {
      return `line ${index + 1} is not JSON`;
    }
  }
  return lines;
}

function assemble(lines: readonly RunRecordLine[]): RunRecord | undefined {
  const run = lines[0];
  const final = lines[lines.length - 1];
  if (run?.kind !== 'run' || final?.kind !== 'final') return undefined;
  return {
    run,
    train: lines.filter((line): line is TrainLine => line.kind === 'train'),
    evaluations: lines.filter((line): line is EvalLine => line.kind === 'eval'),
    final,
  };
}

/** What makes a record unbelievable, if anything. */
function fault({ run, final }: RunRecord, path: string): string | undefined {
  if (run.format !== 1) return `its format is ${String(run.format)}, this version reads 1`;
  if (!path.endsWith(`${idOf(run)}.jsonl`)) return 'its spec does not give its file name';
  return faultOfFinal(final, run.spec.training.scored.test === 0);
}

function idOf(run: RunLine): string {
  try {
    return runId(run.spec);
  } catch {
    return '(no spec)';
  }
}

function faultOfFinal(final: FinalLine, unscored: boolean): string | undefined {
  if (!Array.isArray(final.perExample) || final.perExample.length !== final.tests?.count)
    return 'its per-example scores do not match their count';
  if (unscored) return undefined;
  if (final.tokens !== undefined && final.tokens.length > 0 && final.tokens.length !== final.perExample.length)
    return 'its token counts do not match its scores';
  if (!Number.isFinite(final.score) || !Number.isFinite(final.loss)) return 'its score is not a number';
  return final.perExample.every(Number.isFinite) ? undefined : 'a per-example score is not a number';
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

/** True where `spec` has a finished run under `path`. */
export function isFinished(path: string): boolean {
  return readRun(path).kind === 'finished';
}
