import type { Columns, MeasuredSides } from '../statistics/link';
import type { MeasuredColumn } from '../statistics/measured-column';
import { readInTurn, turnOf } from '../in-turn-record';
import { readSpans, spanName } from '../span-record';
import { readLabelBaselines } from './label-baselines';

/**
 * Columns of the records that `petl spans` and `petl in-turn` write. Of spans: `whole`, `without 1-3` (layers counted
 * from 1), and `majority`, the most frequent label. Of tasks in turn: `full before`, `full after`, `adapters before`,
 * `adapters after`.
 */
export function measuredColumns(results?: string): Columns {
  const made: Readonly<Record<MeasuredSides['record'], (task: string, column: string) => MeasuredColumn | undefined>> =
    {
      spans: (task, column) => spanColumn(task, column, results),
      'in-turn': (task, column) => turnColumn(task, column, results),
    };
  return (record, task, column) => made[record](task, column);
}

function turnColumn(task: string, column: string, results: string | undefined): MeasuredColumn | undefined {
  const record = readInTurn(task, results);
  const turn = record && turnOf(record, column);
  if (record === undefined || turn === undefined) return undefined;
  const rows = record.seeds.map(({ seed, right }) => ({ seed, right: digits(right[column] ?? '') }));
  return { method: turn.method, model: record.model, tests: record.examples, spec: turn.first, rows };
}

function spanColumn(task: string, column: string, results: string | undefined): MeasuredColumn | undefined {
  const record = readSpans(task, results);
  if (record === undefined) return undefined;
  const { method, model, spec, examples: tests, seeds } = record;
  if (column !== 'majority') {
    const rows = seeds.flatMap(({ seed, spans }) =>
      spans.filter(({ span }) => spanName(span) === column).map(({ right }) => ({ seed, right: digits(right) })),
    );
    return { method, model, tests, spec, rows };
  }
  const answers = readLabelBaselines(task, results);
  const right = answers?.rows.find(({ name }) => name === 'majority')?.right;
  if (right === undefined || answers?.examples.hash !== tests.hash) return undefined;
  return { method: null, model, tests, rows: seeds.map(({ seed }) => ({ seed, right })) };
}

const digits = (text: string): readonly number[] => [...text].map(Number);
