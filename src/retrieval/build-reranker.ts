import { UserError } from '../errors';
import type { Passage, Question } from '../tasks/collections/collection';
import type { Origin } from '../tasks/collections/part';
import type { TrainingSettings } from '../training/job';
import { keptHash } from '../training/kept-files';
import type { Embedder } from './embed';
import { Reranker } from './rerank';
import { chosenWeight, rerankerFolder, rerankingOf, type Judged, type Reranking } from './reranking';
import { retrieve } from './retrieve';
import type { Index } from './store';
import { trainReranker, type Candidates } from './train-reranker';

/** Passages that are found for a question of the re-ranker. */
const DEPTH = 16;

/** What a re-ranker is trained with. */
export interface Tools {
  readonly index: Index;
  readonly embedder: Embedder;
  readonly training: TrainingSettings;
  /** Is told how many steps are done, of how many. */
  readonly progress: (done: number, of: number) => void;
}

/** Whether the re-ranker that is there is the one that its part tells of. */
export function isWhole({ collection }: Index, origin: Origin): boolean {
  try {
    rerankingOf(collection, origin);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** Trains the re-ranker, and weighs it against the order in which passages are found, on validation questions. */
export async function trainedReranker(
  { index, embedder, progress, training }: Tools,
  asked: readonly Question[],
): Promise<Reranking> {
  const { collection, passages } = index;
  const candidates = candidatesOf({ index, embedder }, asked);
  const kept = rerankerFolder(collection);
  await trainReranker(kept, { passages, candidates }, training, progress);
  const validation = candidates.filter(({ question }) => question.split === 'validation');
  const weighed = chosenWeight(await judged(kept, passages, validation));
  return { questions: asked.length - validation.length, adapter: keptHash(kept), ...weighed };
}

/** What the re-ranker says of the passages that are found for each question. */
export function judgedOf(
  { index, embedder }: Pick<Tools, 'index' | 'embedder'>,
  asked: readonly Question[],
): Promise<readonly Judged[]> {
  return judged(rerankerFolder(index.collection), index.passages, candidatesOf({ index, embedder }, asked));
}

function candidatesOf(
  { index, embedder }: Pick<Tools, 'index' | 'embedder'>,
  asked: readonly Question[],
): readonly Candidates[] {
  const texts = asked.map(({ text }) => text);
  const found = retrieve(index, embedder, texts, DEPTH).map(({ union }) => union.map(({ place }) => place));
  return asked.map((question, i) => ({ question, found: found[i] ?? [] }));
}

async function judged(
  folder: string,
  passages: readonly Passage[],
  candidates: readonly Candidates[],
): Promise<readonly Judged[]> {
  const reranker = new Reranker(folder, 0);
  try {
    const pairs = candidates.flatMap(({ question, found }) =>
      found.map((place) => [question.text, passages[place]?.text ?? ''] as const),
    );
    const scores = await reranker.relevance(pairs);
    let at = 0;
    return candidates.map(({ question, found }) => ({
      relevance: scores.slice(at, (at += found.length)),
      gold: found.findIndex((place) => passages[place]?.id === question.gold),
    }));
  } finally {
    reranker.dispose();
  }
}
