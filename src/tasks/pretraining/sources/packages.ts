import type { DebianLists, DebianPackage } from '../../debian-lists';
import { hasWords } from '../../text';
import {
  beside,
  sentences,
  type Foreign,
  type Language,
  type Parallel,
  type Passage,
  type PretrainingDocument,
} from '../documents';

/** Descriptions and synopses of packages, never the two in one document: a synopsis is a document of its own. */
export function packageDocuments(packages: readonly DebianPackage[], language: Language = 'en'): readonly Passage[] {
  const mark = language === 'en' ? '' : `-${language}`;
  const passage = (source: string, { source: origin }: DebianPackage, texts: readonly string[]): Passage => ({
    kind: 'text',
    source: `${source}${mark}`,
    language,
    group: `source package ${origin}`,
    texts,
  });
  return [
    ...packages.map((entry) => passage('descriptions', entry, entry.description.split('\n').flatMap(sentences))),
    ...packages.map((entry) => passage('synopses', entry, [entry.synopsis])),
  ];
}

/**
 * Other languages' descriptions and synopses, and both beside the English ones: paragraph by paragraph where there are as
 * many, of 4 to 60 words, and synopsis by synopsis, each a document of its own.
 */
export function translatedDocuments(
  packages: readonly DebianPackage[],
  languages: DebianLists['languages'],
): readonly PretrainingDocument[] {
  const english = new Map(packages.map((entry) => [entry.name, entry]));
  return Object.entries(languages).flatMap(([name, translated]) => {
    const language = name as Foreign;
    const pairs = translated.flatMap((entry) => {
      const original = english.get(entry.name);
      return original === undefined ? [] : [[original, entry] as const];
    });
    return [
      ...packageDocuments(translated, language),
      ...pairs.flatMap(([original, entry]) => paragraphs(original, entry, language)),
      ...pairs.flatMap(([original, entry]) =>
        pair(`titles-${language}`, original, [original.synopsis, entry.synopsis], language),
      ),
    ];
  });
}

function paragraphs(original: DebianPackage, entry: DebianPackage, language: Foreign): readonly Parallel[] {
  const [ours, theirs] = [original.description.split('\n'), entry.description.split('\n')];
  if (ours.length !== theirs.length) return [];
  return ours
    .map((text, at) => [text, theirs[at] ?? ''] as const)
    .filter((sides) => sides.every((text) => hasWords(text, 4, 60)))
    .flatMap((sides) => pair(`paragraphs-${language}`, original, sides, language));
}

/** A text and its translation; none where nothing was translated. */
function pair(
  source: string,
  { source: origin }: DebianPackage,
  [text, translation]: readonly [text: string, translation: string],
  language: Foreign,
): readonly Parallel[] {
  if (text === '' || translation === '' || text === translation) return [];
  const group = `source package ${origin}`;
  return [{ kind: 'parallel', source, group, english: [text], [beside[language]]: [translation] }];
}
