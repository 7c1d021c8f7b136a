import type { Question } from '../tasks/collections/collection';
import { answerable, orders, type Order } from '../tasks/collections/contexts';
import { storedQuestions } from '../tasks/collections/stored';
import { printOf, type SplitPrint } from '../tasks/fingerprint';
import { judgedOf } from './build-reranker';
import type { Embedder } from './embed';
import { belowOf, noAnswerOf, type NoAnswer } from './no-answer';
import { retrieve, retrievers, type Retriever } from './retrieve';
import type { Index } from './store';

/** Where the passage that a question was made from stands, for each question: from 1, 0 where it is not among them. */
export interface Ranks<K extends string> {
  readonly questions: SplitPrint;
  /** Passages that were looked at. */
  readonly depth: number;
  readonly ranks: Readonly<Record<K, readonly number[]>>;
}

const DEPTH = 100;

/** Ranks of the first test questions by every retriever. */
export function retrieverRanks(index: Index, embedder: Embedder, most: number): Ranks<Retriever> {
  const questions = storedQuestions(index.collection)
    .filter(({ split }) => split === 'test')
    .slice(0, most);
  const texts = questions.map(({ text }) => text);
  const found = retrieve(index, embedder, texts, DEPTH);
  const of = (kind: Retriever): readonly number[] =>
    found.map((one, i) => 1 + one[kind].findIndex(({ place }) => index.passages[place]?.id === questions[i]?.gold));
  return { questions: printed(questions), depth: DEPTH, ranks: record(retrievers, of) };
}

/** Ranks of the test questions that readers are scored on, in every order that is packed. */
export function contextRanks(collection: string): Ranks<Order> {
  const all = answerable(collection).filter(({ question }) => question.split === 'test');
  const depth = Math.max(...all.map(({ found }) => found('union', Infinity).length));
  const of = (order: Order): readonly number[] =>
    all.map(({ found, gold }) => 1 + found(order, depth).findIndex(({ id }) => id === gold.id));
  return { questions: printed(all.map(({ question }) => question)), depth, ranks: record(orders, of) };
}

/** How well the threshold that validation chose tells test questions from those whose passage is taken out. */
export async function noAnswerOnTest(index: Index, embedder: Embedder): Promise<NoAnswer> {
  const test = answerable(index.collection).flatMap(({ question }) => (question.split === 'test' ? [question] : []));
  const { least } = noAnswerOf(index.collection, index.origin);
  return belowOf(await judgedOf({ index, embedder }, test), least);
}

const printed = (questions: readonly Question[]): SplitPrint =>
  printOf(questions.map(({ id, text }) => ({ id, text })));

function record<K extends string>(
  keys: readonly K[],
  of: (key: K) => readonly number[],
): Readonly<Record<K, readonly number[]>> {
  return Object.fromEntries(keys.map((key) => [key, of(key)])) as Readonly<Record<K, readonly number[]>>;
}
