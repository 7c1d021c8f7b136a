import { UserError } from '../../errors';
import { otherSign, separated, type DataRow, type Records } from './records';

/** Longest row, in bytes: what is longer is a broken quote. */
export const longestRow: number = 1 << 20;

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** Rows of comma or tab separated text under its header. @throws UserError of one line with the place */
export function delimited(text: string, name: string, delimiter: ',' | '\t'): Records {
  const { parse, CsvError } = require('csv-parse/sync') as typeof import('csv-parse/sync');
  // Lines of one file may end in either way; a carriage return alone ends them where nothing else does.
  const ends = text.includes('\n') ? ['\r\n', '\n'] : ['\r'];
  const places = placesIn(text, ends);
  let lines: readonly (Parsed & Place)[];
  try {
    // A tab-separated file has no quoting: its texts may hold quotes (as GLUE's do).
    const quote = delimiter === ',' ? '"' : null;
    const options = { delimiter, quote, info: true, relax_column_count: true, skip_empty_lines: true } as const;
    lines = parse(text, {
      ...options,
      record_delimiter: ends,
      max_record_size: longestRow,
      on_record: ((row: Parsed) => ({ ...row, ...places.of(row) })) as never,
    }) as unknown as readonly (Parsed & Place)[];
  } catch (error) {
    const [, sign] = delimiter === ',' ? (quotedHeader.exec(text) ?? []) : [];
    if (sign !== undefined) throw new UserError(`${name}, line 1: ${separated(sign)}`);
    if (error instanceof CsvError) throw new UserError(faultOf(error, name, places));
    throw error;
  }
  const columns = headerOf(lines[0]?.record ?? [], name);
  const sign = otherSign(columns);
  const rows = lines.slice(1).map(({ record, line }): DataRow => {
    const at = `${name}, line ${line}`;
    if (record.length !== columns.length)
      throw new UserError(
        `${at}: ${record.length} cells under ${columns.length} columns (${columns.join(', ')}): ` +
          (sign !== undefined ? separated(sign) : remedies[delimiter][record.length < columns.length ? 'few' : 'many']),
      );
    return { at, cells: new Map(columns.map((column, c) => [column, record[c] === '' ? null : (record[c] ?? null)])) };
  });
  return { name, columns, rows };
}

const toKeep = 'or save it as .csv with those texts in quotes, which .tsv has not';
const remedies = {
  ',': { few: 'quote texts that hold a line break', many: 'quote texts that hold a comma' },
  '\t': { few: `take line breaks out of the texts, ${toKeep}`, many: `take tabs out of the texts, ${toKeep}` },
} as const;

/** A cell in quotes that doubles those inside. */
const quoted = /^"(?:[^"]|"")*""(?:[^"]|"")*"$/;

/**
 * Refuses tab-separated text that was written with quoting: its quotes would be read as text. A cell between quotes
 * that doubles none may be a text of its own.
 * @throws UserError of one line with the place
 */
export function demandUnquoted({ name, columns, rows }: Records): void {
  const header = columns.find((column) => /^".*"$/s.test(column));
  if (header !== undefined) throw new UserError(`${name}, line 1: column ${header} is in quotes: ${unquote}`);
  for (const { at, cells } of rows) {
    const column = columns.find((one) => quoted.test(cells.get(one) ?? ''));
    if (column !== undefined)
      throw new UserError(`${at}, column "${column}": a cell in quotes, which .tsv reads as text: ${unquote}`);
  }
}

const unquote = 'save it as .csv, or take the quotes off';

/** The first name of a header, behind whose quote the wrong sign stands. */
const quotedHeader = /^\s*"(?:[^"]|"")*"\s*([;\t|])/;

interface Place {
  /** Where a row begins, from 1. */
  readonly line: number;
}

/** Lines of a file as an editor counts them; the parser counts CRLF inside a quoted cell twice. */
interface Places {
  /** Of a row; asked for each in turn. */
  readonly of: (row: Parsed) => Place;
  /** Where the row behind those that were asked for begins. */
  readonly next: () => number;
  /** The line that the parser counts as `line`. */
  readonly true: (line: number) => number;
}

function placesIn(text: string, ends: readonly string[]): Places {
  let [twice, next] = [0, 1]; // what the parser has counted too much, and the line behind the last row
  const count = (record: readonly string[], what: RegExp): number =>
    record.reduce((sum, cell) => sum + (cell.match(what)?.length ?? 0), 0);
  return {
    of: ({ record, info }) => {
      const breaks = count(record, ends.includes('\n') ? /\n/g : /\r/g);
      twice += count(record, /[\r\n]/g) - breaks;
      next = info.lines - twice + 1;
      return { line: info.lines - twice - breaks };
    },
    next: () => {
      const left = text.split(/\r?\n/).slice(next - 1);
      return (
        next +
        Math.max(
          0,
          left.findIndex((line) => line !== ''),
        )
      );
    },
    true: (line) => line - twice,
  };
}

/** The parser's own words are for programmers. */
function faultOf(error: { readonly code: string; readonly message: string }, name: string, places: Places): string {
  const lines = 'lines' in error ? Number(error.lines) : NaN;
  const at = Number.isFinite(lines) ? `${name}, line ${places.true(lines)}` : name;
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return `${name}, line ${places.next()}: a quote is opened and never closed: close it, or write "" for a quote inside a quoted text`;
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
