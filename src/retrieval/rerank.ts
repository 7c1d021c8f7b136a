import type { Passage } from '../tasks/collections/collection';
import { Adapter } from '../training/adapter';

/** The label of a pair of a question and the passage that answers it. */
export const relevant = 'relevant';

/**
 * How much the order in which passages were found counts beside their relevance; null: it alone decides, since no
 * re-ranking did better on validation.
 */
export type RankWeight = number | null;

/** Weights that are tried on validation. */
export const rankWeights: readonly RankWeight[] = [null, 0, 0.25, 0.5, 1, 2, 4];

/**
 * Places of passages from the best on: by the log-odds of their relevance less `weight` times the log of the rank at
 * which they were found, so that a re-ranker and a retriever each say their part (Nogueira and Cho 2019 order by
 * relevance alone: weight 0). Equal ones stay as they came.
 */
export function bestFirst(relevance: readonly number[], weight: RankWeight): readonly number[] {
  const places = relevance.map((_, place) => place);
  if (weight === null) return places;
  const score = relevance.map((p, place) => logOdds(p) - weight * Math.log(place + 1));
  return places.sort((a, b) => (score[b] as number) - (score[a] as number));
}

/** Finite for probabilities that rounded to 0 or 1. */
function logOdds(probability: number): number {
  const p = Math.min(Math.max(probability, 1e-6), 1 - 1e-6);
  return Math.log(p / (1 - p));
}

/** Says how likely a passage is to answer a question, reading both together. Owns its model until `dispose()`. */
export class Reranker {
  private readonly adapter: Adapter;
  private readonly weight: RankWeight;

  /** @param folder of an adapter that tells `relevant` pairs from others */
  constructor(folder: string, weight: RankWeight) {
    this.adapter = new Adapter(folder);
    this.weight = weight;
  }

  /** From 0 to 1, of each pair. */
  async relevance(pairs: readonly (readonly [question: string, passage: string])[]): Promise<readonly number[]> {
    if (pairs.length === 0) return [];
    const found = await this.adapter.predict(pairs.map(([text, pair]) => ({ text, pair })));
    return found.map((answer) => (answer.kind === 'label' ? (answer.probabilities[relevant] ?? 0) : 0));
  }

  /** Passages with their relevance, the best first. @param passages in the order in which they were found */
  async order<P extends Passage>(
    question: string,
    passages: readonly P[],
  ): Promise<readonly (P & { readonly relevance: number })[]> {
    const scores = await this.relevance(passages.map(({ text }) => [question, text] as const));
    return bestFirst(scores, this.weight).map((place) => ({
      ...(passages[place] as P),
      relevance: scores[place] as number,
    }));
  }

  dispose(): void {
    this.adapter.dispose();
  }
}
