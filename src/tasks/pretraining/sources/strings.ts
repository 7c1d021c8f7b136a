import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { componentKey } from '../../groups';
import { leaves, readIfThere } from '../../shipped/english-romanian';
import { romanianLetters } from '../../text';
import { sentences, type Language, type Parallel, type Passage, type PretrainingDocument } from '../documents';

/** Interface strings by language, each a document of its own, and English beside German. */
export function stringDocuments(folder: string): readonly PretrainingDocument[] {
  const components = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'translations', 'en.json')))
    .sort();
  return components.flatMap((component) => {
    const read = (language: Language): ReadonlyMap<string, string> =>
      new Map(
        leaves(readIfThere(join(folder, component, 'translations', `${language}.json`))).map(([key, text]) => [
          key,
          romanianLetters(text).replace(/\s+/g, ' ').trim(),
        ]),
      );
    const english = read('en');
    const others = (['ro', 'de'] as const).map((language) => ({
      language,
      texts: [...read(language)].filter(([key, text]) => text !== english.get(key)),
    }));
    const group = componentKey(component);
    const passages = [{ language: 'en' as const, texts: [...english] }, ...others].flatMap(({ language, texts }) =>
      texts.map(([, text]): Passage => ({
        kind: 'text',
        source: `strings-${language}`,
        language,
        group,
        texts: sentences(text),
      })),
    );
    const german = others[1]?.texts ?? [];
    return [
      ...passages,
      ...german.flatMap(([key, text]): readonly Parallel[] => {
        const original = english.get(key);
        return original ? [{ kind: 'parallel', source: 'strings', group, english: [original], german: [text] }] : [];
      }),
    ];
  });
}
