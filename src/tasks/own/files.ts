import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { UserError } from '../../errors';
import { delimited, demandUnquoted, longestRow } from './delimited';
import { cellOf, type DataRow, type Records } from './records';

/** Largest file, in bytes: what is longer is another kind of file. */
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

/** The same of a user's file, whose tab-separated cells are not in quotes; public sets are read as they stand. */
export function readOwn(path: string): Records {
  const records = readRecords(path);
  if (extname(path).toLowerCase() === '.tsv') demandUnquoted(records);
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
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const twice = repeatedKey(line);
    if (twice === undefined) return value;
    throw new UserError(`${at}: "${twice}" stands there twice: leave one of them out`);
  }
  throw new UserError(`${at} is no JSON object: write {"column": "value", ...} on each line`);
}

/** A key that the object on a line has twice: of its values the parser keeps the last. */
function repeatedKey(line: string): string | undefined {
  const keys = new Set<string>();
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '{' || line[i] === '[') depth += 1;
    else if (line[i] === '}' || line[i] === ']') depth -= 1;
    if (line[i] !== '"') continue;
    const begin = i++;
    while (line[i] !== '"') i += line[i] === '\\' ? 2 : 1;
    colon.lastIndex = i + 1;
    if (depth !== 1 || !colon.test(line)) continue;
    const key = JSON.parse(line.slice(begin, i + 1)) as string;
    if (keys.has(key)) return key;
    keys.add(key);
  }
  return undefined;
}

const colon = /\s*:/y;

function lazyCells(object: object, at: string): DataRow['cells'] {
  const values = new Map<string, unknown>(Object.entries(object));
  return { get: (column) => (values.has(column) ? cellOf(values.get(column), at, column) : undefined) };
}
