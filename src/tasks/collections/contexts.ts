import * as v from 'valibot';
import { whole, type Schema } from '../../json';
import type { Passage, Question } from './collection';
import { demandMadeFrom, readPart, type Origin } from './part';
import { jsonIn, storedPassages, storedQuestions } from './stored';

/** How the passages of a question are ordered: `reranked` and `dense-reranked` by the re-ranker, the others as found. */
export const orders = ['reranked', 'union', 'dense', 'lexical', 'dense-reranked'] as const;
export type Order = (typeof orders)[number];

/** A question with the places of its passages in every order, best first. */
export interface Context extends Record<Order, readonly number[]> {
  readonly id: string;
}

/** A question of the index with the passages that were found for it. */
export interface Answerable {
  readonly question: Question;
  readonly found: (order: Order, most: number) => readonly Passage[];
  readonly gold: Passage;
}

const places = v.array(whole);
export const contextsIn: Schema<readonly Context[]> = v.array(
  v.strictObject({
    ...{ id: v.string(), reranked: places, union: places, dense: places, lexical: places },
    'dense-reranked': places,
  }),
);

/** The questions of an index that were looked up when it was made. @throws UserError where it was not */
export function answerable(collection: string): readonly Answerable[] {
  const { hash, passages } = storedPassages(collection);
  const questions = new Map(storedQuestions(collection).map((question) => [question.id, question]));
  const byId = new Map(passages.map((passage) => [passage.id, passage]));
  const part = readPart(collection, 'contexts');
  const [lexical, dense, reranking] = ['lexical', 'dense', 'reranking'].map((name) => readPart(collection, name).hash);
  demandMadeFrom(collection, 'contexts', part, { passages: hash, lexical, dense, reranking } as Origin);
  const contexts = jsonIn(collection, 'contexts', part, contextsIn);
  return contexts.flatMap((context) => {
    const question = questions.get(context.id);
    const gold = question && byId.get(question.gold);
    if (question === undefined || gold === undefined) return [];
    const found: Answerable['found'] = (order, most) =>
      context[order].slice(0, most).flatMap((place) => passages[place] ?? []);
    return [{ question, found, gold }];
  });
}
