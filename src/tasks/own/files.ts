import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { UserError } from '../../errors';
import { cellOf, type DataRow, type Records } from './records';

/** Longest row, and largest file, in bytes: what is longer is a broken quote or another kind of file. */
const longestRow = 1 << 20;
const largestFile = 1 << 29;

const readers: Readonly<{ [ending: string]: (text: string, name: string) => Records }> = {
  '.csv': (text, name) => delimited(text, name, ','),
  '.tsv': (text, name) => delimited(text, name, '\t'),
  '.jsonl': jsonLines,
  '.ndjson': jsonLines,
};

/**
 * Reads a data file by its ending: `.csv` and `.tsv` with a header line, `.jsonl` with one object a line; UTF-8, with or
 * without a byte order mark, either line end. Anything else is a UserError of one line with row and column.
 */
export function readRecords(path: string): Records {
  const read = readers[extname(path).toLowerCase()];
  if (read === undefined)
    throw new UserError(`${path} is no ${Object.keys(readers).join(', ')} file: save the data as one of these`);
  const text = decoded(bytesOf(path), path).replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new UserError(`${path} is empty: it needs a header line and a row for each example`);
  const records = read(text, path);
  if (records.rows.length === 0) throw new UserError(`${path} has a header and no rows: add a row for each example`);
  return records;
}

/** The text of a file, or of what a shell hands over as one: UTF-8, with or without a byte order mark. */
export function readText(path: string): string {
  return decoded(bytesOf(path, 'any'), path).replace(/^\uFEFF/, '');
}

function bytesOf(path: string, kind: 'regular' | 'any' = 'regular'): Buffer {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UserError(`there is no file ${path}: check the path`);
  if (stats.isDirectory()) throw new UserError(`${path} is a folder: give the path of a file in it`);
  if (kind === 'regular' && !stats.isFile())
    throw new UserError(`${path} is no regular file: give the path of a data file`);
  if (stats.size > largestFile)
    throw new UserError(`${path} has ${(stats.size / 1e6).toFixed(0)} MB, more than 536: give a part of it`);
  return readFileSync(path);
}

/** Text of UTF-8 bytes; the first byte that is none is named by its line. */
function decoded(bytes: Buffer, path: string): string {
  if (bytes.length > 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)))
    throw new UserError(`${path} is UTF-16: save it as UTF-8`);
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw new UserError(`${path}, line ${lineOf(bytes, zero)}: a zero byte: this is no text file`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${path}, line ${lineOf(bytes, firstWrong(bytes))}: bytes that are no UTF-8: save it as UTF-8`);
  }
}

function lineOf(bytes: Buffer, at: number): number {
  let line = 1;
  for (let i = 0; i < at; i++) if (bytes[i] === 10) line++;
  return line;
}

/** Where the longest readable beginning ends, by halving. */
function firstWrong(bytes: Buffer): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isReadable(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** A beginning may end inside a character. */
function isReadable(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function delimited(text: string, name: string, delimiter: ',' | '\t'): Records {
  const { parse, CsvError } = require('csv-parse/sync') as typeof import('csv-parse/sync');
  let lines: readonly Parsed[];
  let whole = 0; // lines of the rows that were read
  try {
    // A tab-separated file has no quoting: its texts may hold quotes (as GLUE's do).
    const quote = delimiter === ',' ? '"' : null;
    const options = { delimiter, quote, info: true, relax_column_count: true, skip_empty_lines: true } as const;
    const count = (row: Parsed): Parsed => {
      whole = row.info.lines;
      return row;
    };
    lines = parse(text, {
      ...options,
      max_record_size: longestRow,
      on_record: count as never,
    }) as unknown as readonly Parsed[];
  } catch (error) {
    if (error instanceof CsvError) throw new UserError(faultOf(error, name, whole + 1));
    throw error;
  }
  const columns = headerOf(lines[0]?.record ?? [], name);
  const rows = lines.slice(1).map(({ record }, i): DataRow => {
    const at = `${name}, line ${(lines[i]?.info.lines ?? 0) + 1}`;
    if (record.length !== columns.length)
      throw new UserError(
        `${at}: ${record.length} cells under ${columns.length} columns (${columns.join(', ')}): ` +
          (delimiter === ',' ? 'quote texts that hold a comma' : 'take tabs out of the texts'),
      );
    return { at, cells: new Map(columns.map((column, c) => [column, record[c] === '' ? null : (record[c] ?? null)])) };
  });
  return { name, columns, rows };
}

/** The parser's own words are for programmers. */
function faultOf(error: { readonly code: string; readonly message: string }, name: string, begins: number): string {
  const lines = 'lines' in error ? Number(error.lines) : NaN;
  const at = Number.isFinite(lines) ? `${name}, line ${lines}` : name;
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return `${name}, line ${begins}: a quote is opened and never closed: close it, or write "" for a quote inside a quoted text`;
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `${at}: text goes on behind a closing quote: write "" for a quote inside a quoted text`;
    case 'CSV_MAX_RECORD_SIZE':
      return `${at}: a row of more than ${longestRow >> 20} MB: is a quote missing?`;
    default:
      return `${at}: ${error.message.split('\n')[0]}: write "" for a quote inside a quoted text`;
  }
}

function headerOf(cells: readonly string[], name: string): readonly string[] {
  const columns = cells.map((cell) => cell.trim());
  const empty = columns.indexOf('');
  if (empty >= 0) throw new UserError(`${name}, line 1: column ${empty + 1} has no name: name every column`);
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) throw new UserError(`${name}, line 1: two columns are called "${twice}": rename one`);
  return columns;
}

function jsonLines(text: string, name: string): Records {
  const objects = text.split(/\r?\n/).flatMap((line, i) => {
    const at = `${name}, line ${i + 1}`;
    if (line.length > longestRow) throw new UserError(`${at}: a row of more than ${longestRow >> 20} MB: shorten it`);
    return line.trim() === '' ? [] : [{ at, object: objectOf(line, at) }];
  });
  const columns = [...new Set(objects.flatMap(({ object }) => Object.keys(object)))];
  // A value is read when its column is asked for: lists in other columns harm nobody.
  return { name, columns, rows: objects.map(({ at, object }) => ({ at, cells: lazyCells(object, at) })) };
}

function objectOf(line: string, at: string): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UserError(`${at} is not JSON: write one object a line`);
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  throw new UserError(`${at} is no JSON object: write {"column": "value", ...} on each line`);
}

function lazyCells(object: object, at: string): DataRow['cells'] {
  const values = new Map<string, unknown>(Object.entries(object));
  return { get: (column) => (values.has(column) ? cellOf(values.get(column), at, column) : undefined) };
}
