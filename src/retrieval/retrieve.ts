import { UserError } from '../errors';
import { nearest, union, type Hit } from './dense';
import type { Embedder } from './embed';
import { demandEncoder, type Index } from './store';

/** How passages are found: by words, by meaning, or by both rankings as one. */
export const retrievers = ['lexical', 'dense', 'union'] as const;
export type Retriever = (typeof retrievers)[number];

/** Candidates of each ranking that a union is made of. */
const DEPTH = 100;
/** Most words of a question: more than any encoder here reads, so that it is refused before one is loaded. */
const LONGEST = 200;
/** And most characters: letters without a space are one unknown token to some encoders, however many they are. */
const MOST_CHARACTERS = 20 * LONGEST;

/**
 * A question that can be asked.
 * @throws UserError on an empty one, and one that is longer than `reader` reads, where it is given
 */
export function demandQuestion(question: string, reader?: Pick<Embedder, 'longest' | 'tokens'>): string {
  if (!/[\p{L}\p{N}]/u.test(question)) throw new UserError('the question is empty: ask something in words');
  const words = question.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  if (words > LONGEST)
    throw new UserError(`the question has ${words} words: ask in at most ${LONGEST}, the encoder reads no more`);
  const asked = question.trim();
  if (asked.length > MOST_CHARACTERS)
    throw new UserError(`the question has ${asked.length} characters: ask in at most ${MOST_CHARACTERS}`);
  const tokens = reader?.tokens(asked) ?? 0;
  if (reader !== undefined && tokens > reader.longest)
    throw new UserError(
      `the question has ${tokens} tokens and the encoder reads ${reader.longest}: ask in fewer words`,
    );
  return asked;
}

/** What each way finds for questions, best first. */
export interface Found {
  readonly lexical: readonly Hit[];
  readonly dense: readonly Hit[];
  readonly union: readonly Hit[];
}

/** Candidates for each question by every way. */
export function retrieve(
  index: Index,
  embedder: Embedder,
  questions: readonly string[],
  count: number,
): readonly Found[] {
  demandEncoder(index, embedder);
  const vectors = embedder.embed(questions);
  return questions.map((question, i) => {
    const lexical = index.lexical.search(question, DEPTH);
    const own = vectors.subarray(i * embedder.width, (i + 1) * embedder.width);
    const dense = nearest(index.dense, own, DEPTH);
    return { lexical: lexical.slice(0, count), dense: dense.slice(0, count), union: union([lexical, dense], count) };
  });
}
