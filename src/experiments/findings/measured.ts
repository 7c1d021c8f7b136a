import type { Columns, MeasuredSides } from '../statistics/link';
import { readInTurn } from '../in-turn-record';
import { readSpans, spanName } from '../span-record';
import { readLabelBaselines } from './label-baselines';

type Rows = NonNullable<ReturnType<Columns>>;

/**
 * Columns of the records that `petl spans` and `petl in-turn` write. Of spans: `whole`, `without 1-3` (layers counted
 * from 1), and `majority`, the most frequent label. Of tasks in turn: `full before`, `full after`, `adapters before`,
 * `adapters after`.
 */
export function measuredColumns(results?: string): Columns {
  const made: Readonly<Record<MeasuredSides['record'], (task: string, column: string) => Rows | undefined>> = {
    spans: (task, column) => spanColumn(task, column, results),
    'in-turn': (task, column) =>
      readInTurn(task, results)?.seeds.map(({ seed, right }) => ({ seed, right: digits(right[column] ?? '') })),
  };
  return (record, task, column) => made[record](task, column);
}

function spanColumn(task: string, column: string, results: string | undefined): Rows | undefined {
  const record = readSpans(task, results);
  if (record === undefined) return undefined;
  if (column !== 'majority')
    return record.seeds.flatMap(({ seed, spans }) =>
      spans.filter(({ span }) => spanName(span) === column).map(({ right }) => ({ seed, right: digits(right) })),
    );
  const answers = readLabelBaselines(task, results);
  const right = answers?.rows.find(({ name }) => name === 'majority')?.right;
  const isSame = answers?.examples.hash === record.examples.hash;
  return right === undefined || !isSame ? undefined : record.seeds.map(({ seed }) => ({ seed, right }));
}

const digits = (text: string): readonly number[] => [...text].map(Number);
