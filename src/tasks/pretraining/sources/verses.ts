import { chapterKey, cleanEnglish, cleanRomanian, queryBible } from '../../verses';
import {
  beside,
  type Foreign,
  type Language,
  type Parallel,
  type Passage,
  type PretrainingDocument,
} from '../documents';

/** The versions by the letter of the package's database. */
const VERSIONS: Readonly<Record<string, { readonly version: string; readonly language: Language }>> = {
  2: { version: 'american-king-james', language: 'en' },
  3: { version: 'basic-english', language: 'en' },
  4: { version: 'world-english', language: 'en' },
  k: { version: 'king-james', language: 'en' },
  e: { version: 'elberfelder', language: 'de' },
  s: { version: 'schlachter', language: 'de' },
  u: { version: 'cornilescu', language: 'ro' },
  d: { version: 'diodati', language: 'it' },
  l: { version: 'segond', language: 'fr' },
  o: { version: 'ostervald', language: 'fr' },
};

/** The source of the verses that stand in two languages. */
const PAIRS: Readonly<Partial<Record<Foreign, string>>> = { de: 'verses', it: 'verses-it', fr: 'verses-fr' };

type Row = readonly [version: string, book: number, chapter: number, verse: number, text: string];

export async function verseDocuments(path: string): Promise<readonly PretrainingDocument[]> {
  const letters = Object.keys(VERSIONS)
    .map((letter) => `'${letter}'`)
    .join(', ');
  const rows = await queryBible<Row>(
    path,
    `SELECT bbName, bNumber, cNumber, vNumber, vText FROM bible WHERE bbName IN (${letters})
    ORDER BY bbName, bNumber, cNumber, vNumber`,
  );
  return verseDocumentsOf(rows);
}

type Said = Readonly<Partial<Record<Language, string[]>>>;

/**
 * A passage for each chapter of each version, and English beside each other language but Romanian for each verse; the
 * King James Version's old spelling stands beside nothing.
 */
export function verseDocumentsOf(rows: readonly Row[]): readonly PretrainingDocument[] {
  const passages = new Map<string, { readonly passage: Omit<Passage, 'texts'>; readonly texts: string[] }>();
  const verses = new Map<string, { readonly group: string; readonly said: Said }>();
  for (const [letter, book, chapter, verse, raw] of rows) {
    const found = VERSIONS[letter];
    const text = found && cleanVerse(raw, found.language);
    if (!found || !text) continue;
    const { version, language } = found;
    const group = chapterKey({ book, chapter });
    const passage = { kind: 'text', source: `bible-${version}`, language, group } as const;
    inserted(passages, `${letter} ${group}`, () => ({ passage, texts: [] })).texts.push(text);
    if (language === 'ro' || letter === 'k') continue;
    const empty = (): Said => ({ en: [], de: [], it: [], fr: [] });
    inserted(verses, `${book}.${chapter}.${verse}`, () => ({ group, said: empty() })).said[language]?.push(text);
  }
  return [
    ...[...passages.values()].map(({ passage, texts }) => ({ ...passage, texts })),
    ...Object.entries(PAIRS).flatMap(([language, source]) =>
      [...verses.values()].flatMap(({ group, said }) => pair(source, group, said, language as Foreign)),
    ),
  ];
}

function pair(
  source: string,
  group: string,
  { en: english = [], ...others }: Said,
  language: Foreign,
): readonly Parallel[] {
  const texts = others[language] ?? [];
  if (english.length === 0 || texts.length === 0) return [];
  return [{ kind: 'parallel', source, group, english, [beside[language]]: texts }];
}

function inserted<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

/** Some verses of other languages begin with the number they have in another count; Italian ones with a mark. */
function cleanVerse(text: string, language: Language): string {
  if (language === 'ro') return cleanRomanian(text);
  return cleanEnglish(language === 'en' ? text : text.replace(/\(\d+:\d+\)/g, ' '));
}
