import { codeFingerprint } from '../experiments/store/code';
import { madeBy } from '../experiments/store/entry';
import type { Verified } from '../experiments/runner/verify';
import type { Table } from '../plots/table';

/** Recorded runs beside those made again. */
export function verifiedTable(verified: readonly Verified[]): Table {
  return {
    columns: (['run', 'verdict', 'recorded', 'again', 'examples that differ', 'loss curve', 'code'] as const).map(
      (title, i) => ({ title, align: i > 1 && i < 6 ? 'right' : 'left' }),
    ),
    rows: verified.map(({ record, difference: { score, examples, curve }, verdict }) => [
      record.run.id,
      verdict,
      String(score[0]),
      String(score[1]),
      examples === null ? '-' : `${examples.differ} of ${examples.count}`,
      curve === null ? '-' : curve.largest === 0 ? 'equal' : `within ${Number(curve.largest.toPrecision(2))}`,
      madeBy(record.run.environment.code, codeFingerprint()),
    ]),
  };
}
