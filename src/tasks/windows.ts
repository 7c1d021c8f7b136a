import { UserError } from '../errors';
import type { Tokenizer } from '../model/tokenizer';
import type { Encoded } from './batches';
import type { Answer } from './task';

/** A question with a part of its text as a model reads them; a long text has several windows. */
export interface Window extends Encoded {
  readonly typeIds: Int32Array;
  /** Position of the first token of the text. */
  readonly from: number;
  /** Where each token of the text begins and ends in it, in UTF-16 units. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  /** Positions of the first answer's first and last token; 0, the first token, where it is not in the window. */
  readonly answer: readonly [start: number, end: number];
}

/** A question and the text that holds its answer. */
export interface Question {
  readonly text: string;
  readonly pair: string;
  /** The right ones; the first is learned. */
  readonly answers: readonly Answer[];
}

/** Most tokens of a question that are read (Devlin et al. 2019, released code); never more than half of a window. */
const longestQuestion = 64;

/** Tokens of a question that are read in windows of `maxLength`. */
export function questionRoom(maxLength: number): number {
  return Math.min(longestQuestion, maxLength >> 1);
}

/**
 * The windows of each question, those of a question one after another with its index. They have at most `maxLength`
 * tokens, overlap by half of what a text has room for, and end with the text.
 */
export function encodeWindows(
  tokenizer: Tokenizer,
  questions: readonly Question[],
  maxLength: number,
): readonly Window[] {
  const pieces = piecesOf(tokenizer);
  const texts = new Map<string, TokenizedText>();
  const textOf = (text: string): TokenizedText => {
    const found = texts.get(text) ?? tokenized(text, pieces);
    texts.set(text, found);
    return found;
  };
  return questions.flatMap((question, index) => {
    const asked = pieces.of(question.text).slice(0, questionRoom(maxLength));
    const room = maxLength - asked.length - pieces.around;
    if (room < 8) throw new UserError(`maxLength ${maxLength} has no room for a text beside its question: choose 64`);
    const text = textOf(question.pair);
    return startsOf(text.ids.length, room).map((start) =>
      windowOf({ index, asked, start, room }, text, question, pieces),
    );
  });
}

/** Where windows over `length` tokens begin. */
function startsOf(length: number, room: number): readonly number[] {
  const starts = [0];
  for (let start = 0; start + room < length;) starts.push((start += room >> 1));
  return starts;
}

interface Place {
  readonly index: number;
  readonly asked: readonly number[];
  readonly start: number;
  readonly room: number;
}

function windowOf(
  { index, asked, start, room }: Place,
  text: TokenizedText,
  { answers }: Question,
  pieces: Pieces,
): Window {
  const part = <T>(values: readonly T[]): readonly T[] => values.slice(start, start + room);
  const parts = [pieces.before, asked, pieces.between, part(text.ids), pieces.behind] as const;
  const from = parts[0].length + parts[1].length + parts[2].length;
  const [begins, ends] = [part(text.begins), part(text.ends)];
  return {
    index,
    ids: Int32Array.from(parts.flat()),
    typeIds: Int32Array.from(parts.flatMap((ids, i) => ids.map(() => pieces.types[i] ?? 0))),
    from,
    begins,
    ends,
    answer: positionsOf(answers[0], text, [start, begins.length]).map((at) => (at < 0 ? 0 : from + at)) as [
      number,
      number,
    ],
  };
}

/** Tokens of the window that hold an answer, or -1 and -1 where it does not lie in the window whole. */
function positionsOf(
  answer: Answer | undefined,
  { begins, ends }: TokenizedText,
  [from, count]: readonly [from: number, count: number],
): readonly [number, number] {
  if (answer === undefined) return [-1, -1];
  const stop = answer.start + answer.text.length;
  const first = ends.findIndex((end) => end > answer.start) - from;
  const last = begins.filter((begin) => begin < stop).length - 1 - from;
  return first >= 0 && last < count && first <= last ? [first, last] : [-1, -1];
}

interface TokenizedText {
  readonly ids: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** Words between white space, each tokenized by itself: tokens of a word never reach beyond it. */
function tokenized(text: string, pieces: Pieces): TokenizedText {
  const words = Array.from(text.matchAll(/\S+/g), ({ 0: word, index }) => ({ word, at: index }));
  const parts = words.map(({ word, at }, i) => {
    const ids = pieces.of(i === 0 ? word : ` ${word}`);
    return { ids, places: placesOf(word, ids.map(pieces.textOf)).map(([from, to]) => [at + from, at + to] as const) };
  });
  const places = parts.flatMap((part) => part.places);
  return {
    ids: parts.flatMap(({ ids }) => ids),
    begins: places.map(([begin]) => begin),
    ends: places.map(([, end]) => end),
  };
}

/**
 * Where the tokens of a word stand in it. Tokens whose texts together are not the word's letters, as they stand or in
 * lower case without accents (an unknown word), each stand for the whole word.
 */
function placesOf(word: string, tokens: readonly string[]): readonly (readonly [from: number, to: number])[] {
  const whole = tokens.join('');
  for (const form of [(letter: string) => letter, (letter: string) => letter.toLowerCase(), bare]) {
    const letters = [...word].map(form);
    if (letters.join('') !== whole) continue;
    const origins = originsOf(word, letters);
    let at = 0;
    return tokens.map((token) => {
      const from = origins[at] ?? word.length;
      at += token.length;
      return [from, origins[at] ?? word.length];
    });
  }
  return tokens.map(() => [0, word.length]);
}

/** As BERT's uncased tokenizer has it. */
function bare(letter: string): string {
  return letter
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '');
}

/** For each UTF-16 unit of the changed letters the place of its letter in the word. */
function originsOf(word: string, letters: readonly string[]): readonly number[] {
  let at = 0;
  return [...word].flatMap((letter, i) => {
    const from = at;
    at += letter.length;
    return Array.from({ length: letters[i]?.length ?? 0 }, () => from);
  });
}

/** What a tokenizer puts around a question and its text, and what it makes of a text by itself. */
interface Pieces {
  readonly before: readonly number[];
  readonly between: readonly number[];
  readonly behind: readonly number[];
  /** Types of the five parts. */
  readonly types: readonly number[];
  /** Tokens that belong to neither text. */
  readonly around: number;
  readonly of: (text: string) => readonly number[];
  /** A token's own letters. */
  readonly textOf: (id: number) => string;
}

function piecesOf(tokenizer: Tokenizer): Pieces {
  const encode = (text: string, pair: string | null): ReturnType<Tokenizer['encode']> =>
    tokenizer.encode({ text, pair }, 1 << 20);
  const empty = encode('', null).ids.length;
  const single = Array.from(encode('a', null).ids);
  const lead = Array.from(encode('', null).ids).findIndex((id, i) => single[i] !== id);
  const begin = lead < 0 ? empty : lead;
  const strip = (ids: readonly number[]): readonly number[] => ids.slice(begin, ids.length - (empty - begin));
  const letter = strip(single);
  const both = encode('a', 'a');
  const ids = Array.from(both.ids);
  const [token] = letter;
  const [first, second] = [ids.indexOf(token ?? -1), ids.lastIndexOf(token ?? -1)];
  if (letter.length !== 1 || first < 0 || first === second)
    throw new UserError("the model's tokenizer does not take pairs of texts: choose a model such as minilm-l6");
  const typeAt = (at: number): number => both.typeIds[at] ?? 0;
  const known = new Map<string, readonly number[]>();
  const letters = new Map<number, string>();
  return {
    before: ids.slice(0, first),
    between: ids.slice(first + 1, second),
    behind: ids.slice(second + 1),
    types: [typeAt(0), typeAt(first), typeAt(first + 1), typeAt(second), typeAt(ids.length - 1)],
    around: ids.length - 2,
    of: (text) => {
      const found = known.get(text) ?? strip(Array.from(encode(text, null).ids));
      known.set(text, found);
      return found;
    },
    textOf: (id) => {
      const found = letters.get(id) ?? tokenizer.decode([id]).replace(/^##/, '').trim();
      letters.set(id, found);
      return found;
    },
  };
}
