import type MiniSearch from 'minisearch';
import type { Options } from 'minisearch';
import type { Passage } from '../tasks/collections/collection';
import { porterStem } from '../tasks/metrics/porter';
import type { Hit } from './dense';

/** Finds passages by their words. */
export interface Lexical {
  readonly search: (query: string, count: number) => readonly Hit[];
  /** What `openLexical` reads. */
  readonly written: () => string;
}

interface Entry {
  readonly id: number;
  readonly title: string;
  readonly text: string;
}

/** Changes whenever an index that was written by other code must be made anew. */
export const lexicalVersion = 'minisearch 7, stems, 6 stop words, 1';

/** Words that stand in nearly every text: to count them takes most of the time. */
const stopWords: ReadonlySet<string> = new Set(['the', 'and', 'of', 'to', 'in', 'a']);

/** Words by their stems, ranked by BM25 with the usual constants (Robertson and Zaragoza 2009). */
const options: Options<Entry> = {
  fields: ['title', 'text'],
  tokenize: (text) =>
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [],
  processTerm: (term) => (stopWords.has(term) ? null : porterStem(term)),
  searchOptions: { combineWith: 'OR', bm25: { k: 1.2, b: 0.75, d: 0 }, prefix: false, fuzzy: false },
};

const library = (): typeof MiniSearch => require('minisearch') as typeof MiniSearch;

export function buildLexical(passages: readonly Passage[]): Lexical {
  const index = new (library())<Entry>(options);
  index.addAll(passages.map(({ title, text }, id) => ({ id, title, text })));
  return lexicalOf(index);
}

/** The index that was written. @throws Error where the text is none */
export function openLexical(written: string): Lexical {
  return lexicalOf(library().loadJSON<Entry>(written, options));
}

function lexicalOf(index: MiniSearch<Entry>): Lexical {
  return {
    search: (query, count) =>
      index
        .search(query)
        .slice(0, count)
        .map(({ id, score }) => ({ place: id as number, score })),
    written: () => JSON.stringify(index),
  };
}
