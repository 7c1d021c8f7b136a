import type { Question } from '../tasks/collections/collection';
import type { Context } from '../tasks/collections/contexts';
import type { Embedder } from './embed';
import { retrieve } from './retrieve';
import { bestFirst, type Reranker, type RankWeight } from './rerank';
import type { Index } from './store';

/** Passages that are re-ranked for a question, and that are kept of each order. */
const CANDIDATES = 12;
const KEPT = 8;
/** Pairs between two words of progress. */
const AT_ONCE = 2048;

/** What finds passages, what judges them, and how the two are weighed. */
export interface Ranking {
  readonly embedder: Embedder;
  readonly reranker: Pick<Reranker, 'relevance'>;
  readonly weight: RankWeight;
}

/** The passages of each question in every order. */
export async function contextsOf(
  index: Index,
  { embedder, reranker, weight }: Ranking,
  questions: readonly Question[],
  progress: (done: number, of: number) => void,
): Promise<readonly Context[]> {
  const found = retrieve(
    index,
    embedder,
    questions.map(({ text }) => text),
    CANDIDATES,
  );
  const ranked = found.map(({ lexical, dense, union }) => ({
    lexical: lexical.map(({ place }) => place),
    dense: dense.map(({ place }) => place),
    union: union.map(({ place }) => place),
  }));
  const pairs = ranked.flatMap(({ union, dense }, i) => {
    const isScored = questions[i]?.split === 'test'; // the others are never read by meaning alone
    return [...new Set([...union, ...(isScored ? dense : [])])].map((place) => ({ i, place }));
  });
  const scores: number[] = [];
  for (let from = 0; from < pairs.length; from += AT_ONCE) {
    const own = pairs.slice(from, from + AT_ONCE);
    const texts = own.map(({ i, place }) => [questions[i]?.text ?? '', index.passages[place]?.text ?? ''] as const);
    scores.push(...(await reranker.relevance(texts)));
    progress((own.at(-1)?.i ?? 0) + 1, questions.length);
  }
  const relevance = new Map(pairs.map(({ i, place }, at) => [`${i} ${place}`, scores[at] ?? 0]));
  return ranked.map((one, i) => {
    const by = (places: readonly number[]): readonly number[] =>
      bestFirst(
        places.map((place) => relevance.get(`${i} ${place}`) ?? 0),
        weight,
      )
        .slice(0, KEPT)
        .map((at) => places[at] as number);
    return {
      id: questions[i]?.id ?? '',
      reranked: by(one.union),
      'dense-reranked': by(one.dense),
      union: one.union.slice(0, KEPT),
      dense: one.dense.slice(0, KEPT),
      lexical: one.lexical.slice(0, KEPT),
    };
  });
}
