import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differenceOf, type Difference } from '../store/difference';
import { believed } from '../store/damage';
import { readRun } from '../store/read';
import type { RunRecord } from '../store/record';
import { runPath } from '../store/spec';
import { asRecorded, runAsRecorded } from './recorded';
import { sameScore } from './repeat';
import type { StudyReport } from './report';
import type { RunOptions } from './state';

/** A recorded run made again, and what differs. */
export interface Verified {
  readonly record: RunRecord;
  readonly difference: Difference;
  /**
   * `equal`: every number; `holds`: data, weights and counts are the same and scores, with the shares beside them, agree
   * to 1e-4, or validations where there is no score; else `differs`.
   */
  readonly verdict: 'equal' | 'holds' | 'differs';
}

/**
 * Makes recorded runs again, with their engine and number of threads, in a folder that is thrown away, and compares all
 * that came out. The records stay as they are.
 */
export async function verifyRuns(
  records: readonly RunRecord[],
  options: Omit<RunOptions, 'results' | 'engine' | 'threads' | 'workers'>,
): Promise<{ readonly report: StudyReport; readonly verified: readonly Verified[] }> {
  const results = mkdtempSync(join(tmpdir(), 'petl-verify-'));
  try {
    const report = await runAsRecorded(
      records.map((record) => asRecorded(record)),
      { ...options, results },
    );
    return { report, verified: records.flatMap((record) => judged(record, results)) };
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

function judged(record: RunRecord, results: string): readonly Verified[] {
  return believed(readRun(runPath(record.run.spec, results))).map((again) => {
    const difference = differenceOf(record, again);
    return { record, difference, verdict: verdictOf(difference, isAlike(record, again)) };
  });
}

const isRecorded = (value: string): boolean => value !== 'null' && value !== 'none';

/**
 * What a run is judged by: its score; of one that the test set has not seen, such as a tuning trial, the validation of
 * the step that it kept, or the last loss in training where there was none.
 */
function judgedBy({ train, evaluations, final }: RunRecord): readonly number[] {
  if (final.score !== null) return [final.score];
  const kept = evaluations.find(({ step }) => step === final.kept) ?? evaluations.at(-1);
  return kept === undefined ? train.slice(-1).map(({ loss }) => loss) : [kept.loss, kept.score];
}

function isAlike(record: RunRecord, again: RunRecord): boolean {
  const [first, second] = [judgedBy(record), judgedBy(again)];
  return first.length === second.length && second.every((value, i) => sameScore(value, first[i] ?? null));
}

function verdictOf({ equal, inputs, outcome, counts }: Difference, same: boolean): Verified['verdict'] {
  if (equal && counts.length === 0) return 'equal';
  // Records older than the hashes have none to compare.
  const moved = inputs.filter(({ first }) => isRecorded(first));
  const beside = outcome.filter(({ field, first }) => ['exact', 'oracle'].includes(field) && isRecorded(first));
  const alike = beside.every(({ first, second }) => sameScore(Number(second), Number(first)));
  return same && alike && moved.length === 0 && counts.length === 0 ? 'holds' : 'differs';
}
