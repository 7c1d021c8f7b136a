import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { whole, type Schema } from '../json';
import { demandMadeFrom, indexFolder, readPart, type Origin } from '../tasks/collections/part';
import { jsonIn } from '../tasks/collections/stored';
import { keptHash } from '../training/kept-files';
import { bestFirst, Reranker, rankWeights, type RankWeight } from './rerank';

/** How well an order puts the passage that a question was made from. */
export interface Quality {
  /** Mean of 1 / its rank; 0 where it was not found. */
  readonly reciprocalRank: number;
  /** Questions for which it is the first, and among the first four. */
  readonly first: number;
  readonly firstFour: number;
}

/** What an index knows of its re-ranker. */
export interface Reranking {
  /** Pairs of which questions it learned from. */
  readonly questions: number;
  /** Of the adapter's files. */
  readonly adapter: string;
  readonly weight: RankWeight;
  /** On validation questions: as passages are found, and for each weight as they are re-ranked. */
  readonly validation: {
    readonly questions: number;
    readonly found: Quality;
    readonly tried: readonly (Quality & { readonly weight: RankWeight })[];
  };
}

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const quality = { reciprocalRank: share, first: whole, firstFour: whole };
const weight = v.nullable(v.pipe(v.number(), v.minValue(0)));
const rerankingIn: Schema<Reranking> = v.strictObject({
  ...{ questions: whole, adapter: v.string(), weight },
  validation: v.strictObject({
    ...{ questions: whole, found: v.strictObject(quality) },
    tried: v.array(v.strictObject({ ...quality, weight })),
  }),
});

/** Where the re-ranker of a collection is kept: an adapter's folder. */
export function rerankerFolder(collection: string): string {
  return join(indexFolder(collection), 'reranker');
}

/**
 * What is known of a collection's re-ranker, whose files are those that were trained.
 * @param from what the index is made of now
 * @throws UserError where there is none, it is damaged, or was made for another index
 */
export function rerankingOf(collection: string, from: Origin): Reranking {
  const part = readPart(collection, 'reranking');
  demandMadeFrom(collection, 'reranking', part, from);
  const reranking = jsonIn(collection, 'reranking', part, rerankingIn);
  if (keptHash(rerankerFolder(collection)) === reranking.adapter) return reranking;
  throw new UserError(
    `the re-ranker of "${collection}" is not the one that was trained for its index: make it anew with: npx petl index ${collection}, or ask without it (--no-rerank)`,
  );
}

/** The re-ranker of a collection. @throws UserError as `rerankingOf` does */
export function openReranker(collection: string, from: Origin): Reranker {
  return new Reranker(rerankerFolder(collection), rerankingOf(collection, from).weight);
}

/** What a re-ranker says of the passages that were found for a question, and which of them is the right one. */
export interface Judged {
  readonly relevance: readonly number[];
  /** Place of the right one among them; -1 where it was not found. */
  readonly gold: number;
}

/** The weight that orders validation questions best, the retriever's own order first among equal ones. */
export function chosenWeight(judged: readonly Judged[]): Pick<Reranking, 'weight' | 'validation'> {
  const tried = rankWeights.map((one) => ({ weight: one, ...qualityOf(judged, one) }));
  const best = tried.reduce((a, b) => (b.reciprocalRank > a.reciprocalRank ? b : a));
  const { weight: _, ...found } = tried[0] as (typeof tried)[number];
  return { weight: best.weight, validation: { questions: judged.length, found, tried } };
}

function qualityOf(judged: readonly Judged[], by: RankWeight): Quality {
  const ranks = judged.map(({ relevance, gold }) => 1 + bestFirst(relevance, by).indexOf(gold));
  const sum = ranks.reduce((all, rank) => all + (rank > 0 ? 1 / rank : 0), 0);
  const among = (most: number): number => ranks.filter((rank) => rank > 0 && rank <= most).length;
  return { reciprocalRank: judged.length === 0 ? 0 : sum / judged.length, first: among(1), firstFour: among(4) };
}
