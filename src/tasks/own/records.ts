import { nearest } from '../../petl/design/nearest';
import { UserError } from '../../errors';
import { decimal } from '../../numbers';

/** A value of a cell as text; null where there is none. */
export type Cell = string | null;

/** One row of the user's data, with the place that a message names. */
export interface DataRow {
  /** `reviews.csv, line 7`, or `row 3` of rows given in memory. */
  readonly at: string;
  /** Asked for by column; undefined where the row has no such column. */
  readonly cells: { readonly get: (column: string) => Cell | undefined };
}

/** The user's rows under named columns. */
export interface Records {
  /** What messages call the whole: the file's path, or `the rows`. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly DataRow[];
}

/** A row of data given in memory. */
export type Row = Readonly<{ [column: string]: string | number | boolean | null | undefined }>;

/** Rows given in memory; a value that is no text, number or truth value is a UserError that names row and column. */
export function recordsOfRows(rows: readonly Row[], name = 'the rows'): Records {
  if (rows.length === 0) throw new UserError(`${name} are empty: give at least a few dozen examples`);
  rows.forEach((row: unknown, i) => {
    if (typeof row !== 'object' || row === null)
      throw new UserError(`row ${i + 1} is ${JSON.stringify(row)}: give each row as { column: value, ... }`);
  });
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    name,
    columns,
    rows: rows.map((row, i) => ({
      at: `row ${i + 1}`,
      cells: new Map(columns.map((column) => [column, cellOf(row[column], `row ${i + 1}`, column)])),
    })),
  };
}

/** A value as text; what has no single text is a UserError that names row and column. */
export function cellOf(value: unknown, at: string, column: string): Cell {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return String(value);
    case 'number':
      if (Number.isInteger(value) && !Number.isSafeInteger(value))
        throw new UserError(
          `${at}, column "${column}": ${value} has more digits than a number keeps, so that others would equal it: write it in quotes`,
        );
      if (Number.isFinite(value)) return String(value);
      throw new UserError(`${at}, column "${column}": ${value} is no value: write a number or leave the cell empty`);
    default:
      if (value === null || value === undefined) return null;
      throw new UserError(
        `${at}, column "${column}": ${kindOf(value)} is no text: give one text, number or true/false`,
      );
  }
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A column that must exist. */
export function demandColumn({ name, columns }: Records, column: string, role: string): string {
  if (columns.includes(column)) return column;
  const sign = otherSign(columns);
  if (sign !== undefined) throw new UserError(`${name} has no column "${column}" for the ${role}: ${separated(sign)}`);
  throw new UserError(
    `${name} has no column "${column}" for the ${role}: choose from ${columns.join(', ')}${nearest(column, columns)}`,
  );
}

const signs = [';', '\t', '|', ','] as const;

/** What seems to stand between columns of a file that was read as one. */
export function otherSign(columns: readonly string[]): string | undefined {
  return columns.length === 1 ? signs.find((sign) => columns[0]?.includes(sign)) : undefined;
}

/** What to do with a file whose columns another sign separates than its ending says. */
export function separated(sign: string): string {
  const name = sign === '\t' ? 'a tab' : `"${sign}"`;
  return `its lines look separated by ${name}: save it with commas as .csv, or with tabs as .tsv`;
}

/** A cell that must hold something, without the space around it: a label, a name, a number. */
export function demandText(row: DataRow, column: string, role: string): string {
  return demandWhole(row, column, role).trim();
}

/** A text that is read or written, as it stands: space may be a part of it. */
export function demandWhole({ at, cells }: DataRow, column: string, role: string): string {
  const text = cells.get(column) ?? '';
  if (text.trim() !== '') return text;
  throw new UserError(`${at}, column "${column}": the ${role} is missing: fill the cell or leave the row out`);
}

/** A cell that must hold a number. */
export function demandNumber(row: DataRow, column: string, role: string): number {
  const text = demandText(row, column, role);
  const value = decimal(text);
  if (value !== undefined) return value;
  throw new UserError(`${row.at}, column "${column}": "${text}" is no number: write one such as 2.5`);
}

/** A cell that must hold a place in a text, counted from 0. */
export function demandPlace(row: DataRow, column: string, role: string): number {
  const text = demandText(row, column, role);
  if (/^\d+$/.test(text)) return Number(text);
  throw new UserError(`${row.at}, column "${column}": "${text}" is no place: write a whole number from 0`);
}

/** A cell that says whether something holds: 1 or 0, true or false. */
export function demandFlag(row: DataRow, column: string): boolean {
  const text = demandText(row, column, 'label').toLowerCase();
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false') return false;
  throw new UserError(`${row.at}, column "${column}": "${text}" says neither yes nor no: write 1 or 0`);
}
