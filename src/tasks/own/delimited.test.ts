import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { readOwn, readRecords } from './files';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-delimited-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, rows: readonly string[]): string {
  writeFileSync(join(folder, name), rows.join('\n'));
  return join(folder, name);
}

describe('tab-separated text', () => {
  it.each([
    ['a cell in quotes', ['a\tb', '"he said ""no"""\tx'], 'x.tsv, line 2, column "a": a cell in quotes, which .tsv'],
    ['columns in quotes', ['"a"\t"b"', '"x"\t"y"'], 'x.tsv, line 1: column "a" is in quotes: save it as .csv, or'],
    ['a line break in quotes', ['a\tb', '"one', 'two"\tx'], 'line 2: 1 cells under 2 columns (a, b): take line breaks'],
    ['a tab in quotes', ['a\tb', '"one\ttwo"\tx'], 'x.tsv, line 2: 3 cells under 2 columns (a, b): take tabs out of'],
  ])('with %s is refused with the place and what to do', (_, rows, message) => {
    const path = file('x.tsv', rows);
    expect(() => readOwn(path)).toThrow(message);
    expect(() => readOwn(path)).toThrow(/: .*save it as \.csv/);
    expect(() => readOwn(path)).toThrow(UserError);
  });

  it('may hold texts with quotes of their own, and public sets any', () => {
    const own = ['"no," he said', '"all of it"', '""twice""', '"', '""', 'a "" b', '"a" and "b"'];
    const { rows } = readOwn(file('own.tsv', ['a\tb', ...own.map((cell) => `${cell}\tx`)]));
    expect(rows.map(({ cells }) => cells.get('a'))).toEqual(own);
    const given = file('public.tsv', ['a\tb', '"he said ""no"""\tx']);
    expect(readRecords(given).rows[0]!.cells.get('a')).toBe('"he said ""no"""');
  });

  it('in quotes is read from .csv', () => {
    const { rows } = readOwn(file('x.csv', ['"a","b"', '"he said ""no""","x"']));
    expect(rows[0]!.cells.get('a')).toBe('he said "no"');
  });
});
