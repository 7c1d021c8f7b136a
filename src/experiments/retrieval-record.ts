import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeWhole } from '../files';
import { noAnswerIn, type NoAnswer } from '../retrieval/no-answer';
import { readJson, whole, type Schema } from '../json';
import type { Ranks } from '../retrieval/score';
import { orders, type Order } from '../tasks/collections/contexts';
import { retrievers, type Retriever } from '../retrieval/retrieve';
import { resultsFolder } from './store/spec';

/** What an index finds: `results/retrieval/<collection>.json`. */
export interface RetrievalRecord {
  readonly collection: string;
  readonly passages: number;
  /** Hash of the weights that passages were embedded with, and the search library. */
  readonly encoder: string;
  readonly library: string;
  /** By each way of finding, over many test questions. */
  readonly found: Ranks<Retriever>;
  /** In the orders that are packed, over the test questions of the readers. */
  readonly packed: Ranks<Order>;
  /** How well questions without their passage are told, over the same questions. */
  readonly noAnswer: NoAnswer;
}

export function retrievalPath(collection: string, results: string = resultsFolder()): string {
  return join(results, 'retrieval', `${collection}.json`);
}

/** Writes the record whole or not at all. Returns its path. */
export function writeRetrieval(record: RetrievalRecord, results?: string): string {
  return writeWhole(retrievalPath(record.collection, results), `${JSON.stringify(record)}\n`);
}

function ranksIn<K extends string>(keys: readonly K[]): Schema<Ranks<K>> {
  const lists = Object.fromEntries(keys.map((key) => [key, v.array(whole)]));
  return v.strictObject({
    questions: v.strictObject({ count: whole, hash: v.string() }),
    depth: whole,
    ranks: v.strictObject(lists),
  }) as unknown as Schema<Ranks<K>>;
}

const schema: Schema<RetrievalRecord> = v.strictObject({
  ...{ collection: v.string(), passages: whole, encoder: v.string(), library: v.string() },
  found: ranksIn(retrievers),
  packed: ranksIn(orders),
  noAnswer: noAnswerIn,
});

/** The record on disk; undefined where it was never made. @throws UserError where the file holds something else */
export function readRetrieval(collection: string, results?: string): RetrievalRecord | undefined {
  const path = retrievalPath(collection, results);
  const remedy = `remove the file and make it again with petl index ${collection} --score`;
  return existsSync(path) ? readJson(path, schema, remedy) : undefined;
}

/** Whether the passage that answers is among the first k, 1 or 0 for each question. */
export function within(ranks: readonly number[], k: number): readonly number[] {
  return ranks.map((rank) => Number(rank > 0 && rank <= k));
}
