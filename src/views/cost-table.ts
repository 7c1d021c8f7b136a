import { measured, type Measure } from '../experiments/statistics/measure';
import type { RunRecord } from '../experiments/store/record';
import { recordsOfRuns } from '../experiments/store/rows';
import { mean } from '../experiments/statistics/statistics';
import type { Study } from '../experiments/studies/study';
import type { Table } from '../plots/table';

/**
 * Step time, scoring time and memory of each variant, and their ratios to the reference; an empty row where it has not
 * run.
 */
export function costTable({ variants, reference }: Study, results?: string): Table {
  const all = variants.map(({ name, label, runs }) => ({ name, label, records: recordsOfRuns(runs, results) }));
  const base = all.find(({ name }) => name === reference)?.records ?? [];
  const columns = ['method', 'step, ms', 'of full', 'scoring, s', 'of full', 'peak MB', 'of full', 'seeds'];
  return {
    columns: columns.map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: all.map(({ label, records }) => {
      if (records.length === 0) return [label, 'not run yet', '', '', '', '', '', ''];
      const cells = quantities.flatMap(({ of, factor, digits }) => [
        (factor * of(records)).toFixed(digits),
        base.length === 0 ? '' : (of(records) / of(base)).toFixed(2),
      ]);
      return [label, ...cells, String(records.length)];
    }),
  };
}

const timeOf =
  (measure: Measure) =>
  (records: readonly RunRecord[]): number =>
    mean(records.map((record) => measured(record, measure)));

const quantities = [
  { of: timeOf('step time'), factor: 1000, digits: 0 },
  { of: timeOf('scoring time'), factor: 1, digits: 1 },
  {
    of: (records: readonly RunRecord[]): number => mean(records.flatMap(({ final }) => final.peakMb ?? [])),
    factor: 1,
    digits: 0,
  },
] as const;
