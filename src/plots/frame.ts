import type { DataFrame } from 'danfojs-node';
import { summarise, type RunRow } from './summary';
import { csvText, tableHtml, type Column, type Table } from './table';

/**
 * Results as danfojs data frames. danfojs is loaded when the first frame is made. Known faults of danfojs 1.2 and how
 * this
 * file keeps clear of them: `concat` corrupts its first argument (join rows before making a frame), `plot` does not
 * work in
 * Node (use the figures), `sortValues` is slow on 1e5 rows (sort rows before).
 */

/** One row per run. */
export function frame(rows: readonly RunRow[]): DataFrame {
  if (rows.length === 0) throw new Error('frame: no runs; train the study first');
  return make(rows.map((row) => ({ ...row, peakMb: row.peakMb ?? Number.NaN })));
}

/** One row per method and task: seeds, mean, sd, trained parameters and their share in % of the backbone. */
export function summary(rows: readonly RunRow[]): DataFrame {
  if (rows.length === 0) throw new Error('summary: no runs; train the study first');
  return make(
    summarise(rows).map(({ label, task, metric, seeds, mean, sd, trained, share, seconds }) => ({
      method: label,
      task,
      metric,
      seeds,
      mean,
      sd,
      trained,
      share,
      seconds,
    })),
  );
}

function make(records: readonly Readonly<Record<string, string | number>>[]): DataFrame {
  const danfo = require('danfojs-node') as typeof import('danfojs-node');
  return new danfo.DataFrame([...records]);
}

type Value = string | number | boolean | null | undefined;

/** Cells of a frame as text: numbers with at most four figures after the point, right-aligned. */
export function frameTable(data: DataFrame): Table {
  const values = data.values as Value[][];
  const columns = data.columns.map((title, c): Column => ({
    title,
    align: values.every((row) => typeof row[c] === 'number') ? 'right' : 'left',
  }));
  return { columns, rows: values.map((row) => row.map(cellText)) };
}

function cellText(value: Value): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  // toFixed would hide a share of 0.003%.
  return Math.abs(value) < 0.01 ? String(Number(value.toPrecision(3))) : String(Number(value.toFixed(4)));
}

/** HTML table for a notebook. */
export function toHtml(data: DataFrame): string {
  return tableHtml(frameTable(data));
}

/** CSV with all digits, as read back by danfojs. */
export function toCsv(data: DataFrame): string {
  const values = data.values as Value[][];
  return csvText(
    data.columns,
    values.map((row) => row.map((value) => (typeof value === 'number' ? value : String(value ?? '')))),
  );
}
