import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../project';
import { translationData } from './shipped/english-romanian';
import { formsOf, partOf, selectCorpus, sentences, type Passage, type PretrainingDocument } from './pretraining';
import {
  documentForms,
  hashesOf,
  heldOutTexts,
  packHashes,
  readHashes,
  shared,
  unpackHashes,
} from './pretraining-hashes';
import { packageDocuments, stringDocuments, verseDocumentsOf } from './pretraining-sources';
import { sentiment } from './shipped/sentiment';
import { splitOf } from './split';
import { synopsisData } from './shipped/synopsis';
import { chapterKey, type Verse } from './verses';

const folder = join(projectRoot(), 'data', 'pretraining');
interface Description {
  readonly hashes: { readonly trained: number; readonly heldOut: number; readonly shared: number };
  readonly train: Readonly<Record<string, { readonly texts: number }>>;
}

describe('the corpus that petl-mini-seq2seq was pretrained on', () => {
  const description = JSON.parse(readFileSync(join(folder, 'corpus.json'), 'utf8')) as Description;
  const trained = readHashes(join(folder, 'trained.hashes'));
  const heldOut = readHashes(join(folder, 'held-out.hashes'));

  it('shares no text and no sentence with the validation and test examples of any task', () => {
    expect([trained.size, heldOut.size]).toEqual([description.hashes.trained, description.hashes.heldOut]);
    expect(trained.size).toBeGreaterThan(500_000);
    expect(heldOut.size).toBeGreaterThan(20_000);
    expect(shared(trained, heldOut)).toBe(0);
  });

  it('was compared with the examples as they are today', async () => {
    const today = hashesOf((await heldOutTexts([sentiment])).flatMap(formsOf));
    expect(shared(today, heldOut)).toBe(today.size);
    expect(today.size).toBeGreaterThan(2000);
  });
});

/**
 * A small world with the traps of the real one: verses repeated in other chapters, boilerplate, labels that many
 * components share.
 */
const at = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const verses: readonly Verse[] = at(120).map((n) => ({
  book: 1,
  chapter: n % 60,
  verse: 1 + Math.floor(n / 60),
  basic: `at number ${n} the words are simple and few`,
  web: n % 7 === 0 ? 'He spoke to them again, and they went away.' : `In verse ${n} there are seven words now.`,
  romanian: `În versetul ${n} sunt cuvinte.`,
}));
const german = (n: number): string => `Im Vers ${n} stehen Worte.`;
const rows = verses.flatMap(({ book, chapter, verse, web, basic, romanian }, n) =>
  (
    [
      ['4', web],
      ['3', basic],
      ['e', german(n)],
      ['u', romanian],
    ] as const
  ).map(([version, text]) => [version, book, chapter, verse, text] as const),
);
const packages = at(200).map((n) => ({
  name: `p${n}`,
  source: `s${Math.floor(n / 2)}`,
  synopsis: `tool number ${n} for work`,
  description: `This is tool number ${n} and ${at(20)
    .map((k) => `w${n}x${k}`)
    .join(' ')}.\nThis package contains the documentation.`,
}));
const strings = at(80).map((n) => ({
  component: `c${n}`,
  key: 'k',
  english: `press button number ${n}`,
  romanian: `apăsați butonul ${n}`,
}));
const stringPassages = strings.flatMap(({ component, english, romanian }): readonly Passage[] => [
  {
    kind: 'text',
    source: 'strings-en',
    language: 'en',
    group: `component ${component}`,
    texts: [english, 'Press the same one.'],
  },
  { kind: 'text', source: 'strings-ro', language: 'ro', group: `component ${component}`, texts: [romanian] },
]);
const documents: readonly PretrainingDocument[] = [
  ...verseDocumentsOf(rows),
  ...packageDocuments(packages),
  ...stringPassages,
];
const held = [synopsisData(packages), translationData(verses, strings)].flatMap(({ validation, test }) =>
  [...validation, ...test].flatMap(({ text, target }) => [text, target]),
);

describe('selectCorpus', () => {
  const { train, kept } = selectCorpus(documents, held);

  it('takes no document of a validation or test group', () => {
    expect(new Set([...train, ...kept].map(({ group }) => splitOf(group)))).toEqual(new Set(['train']));
    expect(new Set(train.map(({ group }) => partOf(group)))).toEqual(new Set(['train']));
  });

  it('leaves out what a held-out text or sentence says too, and without the rule would not', () => {
    const heldOut = hashesOf(held.flatMap(formsOf));
    expect(shared(hashesOf(documentForms(train)), heldOut)).toBe(0);
    const careless = documents.filter(({ group }) => splitOf(group) === 'train');
    expect(shared(hashesOf(documentForms(careless)), heldOut)).toBeGreaterThan(0);
    expect(shared(hashesOf(documentForms(documents)), heldOut)).toBe(heldOut.size);
  });

  it('leaves a verse of a held-out chapter out in every version', () => {
    const chapters = verses.filter((verse) => splitOf(chapterKey(verse)) !== 'train');
    const texts = chapters.flatMap((verse) => [verse.web, verse.basic, verse.romanian, german(verses.indexOf(verse))]);
    expect(chapters.length).toBeGreaterThan(10);
    expect(shared(hashesOf(documentForms([...train, ...kept])), hashesOf(texts.flatMap(formsOf)))).toBe(0);
  });

  it('shares nothing between what is trained on and what is kept aside to measure', () => {
    const many = selectCorpus(
      packageDocuments(
        at(2000).map((n) => ({
          name: `p${n}`,
          source: `s${n}`,
          synopsis: `tool ${n % 50}`,
          description: `Text ${n}.`,
        })),
      ),
      [],
    );
    expect(many.kept.length).toBeGreaterThan(5);
    expect(shared(hashesOf(documentForms(many.train)), hashesOf(documentForms(many.kept)))).toBe(0);
  });

  it('has one language in a passage, no synopsis beside a description and no Romanian beside anything', () => {
    const sides = packages.map(({ synopsis, description }) => ({ synopsis, first: sentences(description)[0] ?? '' }));
    for (const document of train) {
      const all = document.kind === 'text' ? document.texts : [...document.english, ...document.german];
      const languages = new Set(
        all.map((text) => (/versetul|apăsați/.test(text) ? 'ro' : /^Im Vers/.test(text) ? 'de' : 'en')),
      );
      expect([...languages].sort()).toEqual(document.kind === 'text' ? [document.language] : ['de', 'en']);
      expect(sides.some(({ synopsis, first }) => all.includes(synopsis) && all.includes(first))).toBe(false);
    }
  });
});

describe('sources', () => {
  it('reads the strings of three languages and pairs English with German alone', () => {
    const made = stringDocuments(join(projectRoot(), 'src', 'tasks', 'fixtures', 'strings'));
    expect(made).toEqual([
      { kind: 'text', source: 'strings-en', language: 'en', group: 'component lamp', texts: ['Lamp'] },
      {
        kind: 'text',
        source: 'strings-en',
        language: 'en',
        group: 'component lamp',
        texts: ['Give the name.', 'It stays.'],
      },
      { kind: 'text', source: 'strings-ro', language: 'ro', group: 'component lamp', texts: ['Dați numele.'] },
      { kind: 'text', source: 'strings-de', language: 'de', group: 'component lamp', texts: ['Name angeben.'] },
      {
        kind: 'parallel',
        source: 'strings',
        group: 'component lamp',
        english: ['Give the name. It stays.'],
        german: ['Name angeben.'],
      },
    ]);
  });

  it('divides sentences at their marks', () => {
    expect(sentences('One. "Two" is here! vers. 3 (of 4)? Știm. e.g. this')).toEqual([
      'One.',
      '"Two" is here! vers.',
      '3 (of 4)?',
      'Știm. e.g. this',
    ]);
  });
});

describe('hashes', () => {
  it('come back as they were packed', () => {
    const hashes = new Set([0, 1, 127, 128, 2 ** 31, 2 ** 40 - 1, ...hashesOf(['a', 'b'])]);
    expect(unpackHashes(packHashes(hashes))).toEqual(new Set([...hashes].sort((a, b) => a - b)));
    expect(shared(hashes, hashesOf(['b', 'c']))).toBe(1);
  });
});
