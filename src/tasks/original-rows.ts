import { readFileSync } from 'node:fs';
import { UserError } from '../errors';
import { anyObject, readText } from '../json';
import { decimal } from '../numbers';

/** A row of the papers' own data sets, by its fields. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows of a `.jsonl` file, or of a table with tabs between its cells and a header line. @throws UserError */
export function originalRows(path: string): readonly Row[] {
  const lines = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map((text, i) => ({ text, at: `${path}, line ${i + 1}` }))
    .filter(({ text }) => text !== '');
  if (path.endsWith('.jsonl')) return lines.map(({ text, at }) => parsed(text, at));
  const [header, ...rows] = lines;
  if (header === undefined) return [];
  const names = header.text.split('\t');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError(`${header.at}: two columns are called "${twice}": rename one`);
  return rows.map(({ text, at }) => celled(text, names, at));
}

function parsed(text: string, at: string): Row {
  const read = readText(text, anyObject);
  if (read.kind === 'value') return read.value;
  throw new UserError(`${at} ${read.reason}: write one object a line`);
}

/** A row short of a tab would be read with its cells under other names. */
function celled(text: string, names: readonly string[], at: string): Row {
  const cells = text.split('\t');
  if (cells.length !== names.length)
    throw new UserError(
      `${at}: ${cells.length} cells under ${names.length} columns (${names.join(', ')}): mend the line, or leave it out`,
    );
  return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
}

/** The first of these fields that the row has, as text. */
export function field(row: Row, id: string, ...names: readonly string[]): string {
  const found = names.map((name) => row[name]).find((value) => typeof value === 'string' || typeof value === 'number');
  if (found !== undefined) return String(found).trim();
  throw new UserError(
    `example ${id} has no field ${names.join(' or ')} (it has ${Object.keys(row).join(', ')}): export the data set with its own field names`,
  );
}

/** A label by its number or its name. */
export function labelField(row: Row, id: string, names: readonly string[]): number {
  const value = field(row, id, 'label', 'gold_label', 'is_duplicate', 'Quality');
  const found = names.includes(value) ? names.indexOf(value) : /^\d+$/.test(value) ? Number(value) : -1;
  if (found >= 0 && found < names.length) return found;
  throw new UserError(
    `example ${id} has label "${value}": labels are ${names.join(', ')}, or 0 to ${names.length - 1} (test files without labels cannot be scored)`,
  );
}

/** A field that is a number. */
export function numberField(row: Row, id: string, ...names: readonly string[]): number {
  const text = field(row, id, ...names);
  const value = decimal(text);
  if (value !== undefined) return value;
  throw new UserError(`example ${id}: "${text}" is no number (test files without values cannot be scored)`);
}
