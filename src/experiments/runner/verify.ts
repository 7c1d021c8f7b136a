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
  /** `equal`: every number; `holds`: data, weights and counts are the same and scores, with the shares beside them, agree to 1e-4; else `differs`. */
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
    return { record, difference, verdict: verdictOf(difference) };
  });
}

const isRecorded = (value: string): boolean => value !== 'null' && value !== 'none';

function verdictOf({
  equal,
  score: [recorded, again],
  loss,
  inputs,
  outcome,
  counts,
}: Difference): Verified['verdict'] {
  if (equal && counts.length === 0) return 'equal';
  // Records older than the hashes have none to compare.
  const moved = inputs.filter(({ first }) => isRecorded(first));
  const same = again === null ? loss[0] === loss[1] : sameScore(again, recorded);
  const beside = outcome.filter(({ field, first }) => ['exact', 'oracle'].includes(field) && isRecorded(first));
  const alike = beside.every(({ first, second }) => sameScore(Number(second), Number(first)));
  return same && alike && moved.length === 0 && counts.length === 0 ? 'holds' : 'differs';
}
