import type { SplitPrint } from '../../tasks/fingerprint';
import { otherThan, type Of } from '../record-of';
import type { RunRecord } from '../store/record';
import { seedlessHash } from '../store/spec';

/** A column of a record that holds for each seed and test example of a task whether it is right, and what it is of. */
export interface MeasuredColumn {
  /** Written form of the method that was measured; null where none was, such as for the most frequent label. */
  readonly method: string | null;
  readonly model: string;
  readonly tests: SplitPrint;
  /** `seedlessHash` of its runs' spec, where the record has it. */
  readonly spec?: string | undefined;
  readonly rows: readonly { readonly seed: number; readonly right: readonly number[] }[];
}

/** Why a column of a side is of other runs than those that a link names there, `first` before `second`. */
export function whyOther(
  runs: readonly RunRecord[],
  sides: readonly (readonly (MeasuredColumn | undefined)[])[],
  firstCount: number,
): string | undefined {
  const named = [runs.slice(0, firstCount), runs.slice(firstCount)];
  const found = sides.flatMap((columns, side) =>
    columns.flatMap((column) =>
      column === undefined ? [] : (named[side] ?? []).map((run) => otherThan(ofColumn(column), ofRun(run, column))),
    ),
  );
  return found.find((reason) => reason !== undefined);
}

function ofColumn({ method, model, tests, spec }: MeasuredColumn): Of {
  return { method: method ?? undefined, model, 'test examples': tests.hash, 'runs with the settings': spec };
}

/** Prints of a run's test set are of the whole of it. */
function ofRun({ run, final }: RunRecord, { tests }: MeasuredColumn): Of {
  const whole = final.data?.test.count === tests.count ? final.data.test.hash : undefined;
  return {
    ...{ method: run.spec.method, model: run.spec.model, 'runs with the settings': seedlessHash(run.spec) },
    'test examples': whole,
  };
}
