import { mixSeeds, randomFrom, shuffled } from '../random';
import type { BatchPlan } from './plan';

/** What batches are made of: an example's token ids, at least one, and its position in the list that was encoded. */
export interface Encoded {
  readonly index: number;
  readonly ids: Int32Array;
  /** What is to be written, where something is. */
  readonly target?: Int32Array;
  /** What a prompt is written from, where one is: tokens of its encoder. */
  readonly reads?: ArrayLike<number>;
}

/**
 * Examples of similar length, as many as the plan says, in ascending order of what is to be written, or read where
 * nothing is.
 */
export interface Batch<E extends Encoded = Encoded> {
  /** Padded length that the plan gives them. */
  readonly length: number;
  /**
   * Rows beyond `count` are fillers that repeat the first: real text keeps softmax and pooling finite where an empty
   * row would divide by 0.
   */
  readonly rows: readonly E[];
  /** Rows that count in the loss and in scores. */
  readonly count: number;
  /** Of a shard, the batch that it is cut from and where each row stands in it. */
  readonly of?: { readonly whole: Batch<E>; readonly order: readonly number[] };
}

/**
 * A batch dealt to so many shards of as many rows each and about as many tokens, in the order that they have. Every
 * quarter of the batch is dealt alike.
 */
export function shardsIn<E extends Encoded>(batch: Batch<E>, shards: number): readonly Batch<E>[] {
  if (shards === 1) return [batch];
  const back = batch.rows.length % (8 * shards) === 0; // of rows in ascending order every other round is dealt backwards
  const shardOf = (row: number): number =>
    back && Math.floor(row / shards) % 2 === 1 ? shards - 1 - (row % shards) : row % shards;
  const places = batch.rows.map((_, row) => row);
  return Array.from({ length: shards }, (_, at) => {
    const order = places.filter((row) => shardOf(row) === at);
    const count = order.filter((row) => row < batch.count).length;
    return { ...batch, rows: order.map((row) => batch.rows[row] as E), count, of: { whole: batch, order } };
  });
}

/**
 * The batches of one training epoch: every example once, in an order that depends on seed and epoch alone. Examples are
 * shuffled, then
 * grouped by length (rows of similar length waste little padding) and dealt to batches of about as many tokens each,
 * then the batches are shuffled, so that length says nothing about time.
 */
export function trainingBatches<E extends Encoded>(
  examples: readonly E[],
  plan: BatchPlan,
  order: { readonly seed: number; readonly epoch: number },
): readonly Batch<E>[] {
  const random = randomFrom(mixSeeds(order.seed, order.epoch));
  return shuffled(groups(shuffled(examples, random), plan), random).map((rows) => batchOf(rows, plan));
}

/** The batches of an evaluation: the training shapes, a fixed order; each row's `index` says where it belongs. */
export function evaluationBatches<E extends Encoded>(examples: readonly E[], plan: BatchPlan): readonly Batch<E>[] {
  return groups(examples, plan).map((rows) => batchOf(rows, plan));
}

/**
 * Full groups of `plan.size` for each length. What is left over at one length joins the next longer one, and the
 * shortest examples of all
 * make up the only group that is partly filled: an epoch has ceil(examples / size) batches, and none that mixes long
 * rows with fillers.
 */
function groups<E extends Encoded>(all: readonly E[], plan: BatchPlan): readonly E[][] {
  const odd = shortest(all, all.length % plan.size);
  const examples = all.filter((example) => !odd.has(example));
  const full: E[][] = [];
  const waiting: E[] = [];
  let shorter = 0;
  for (const length of plan.lengths) {
    const floor = shorter;
    waiting.push(...examples.filter(({ ids }) => ids.length > floor && ids.length <= length));
    const count = Math.floor(waiting.length / plan.size);
    full.push(...dealt(waiting.splice(0, count * plan.size), count));
    shorter = length;
  }
  const tooLong = all.filter(({ ids }) => ids.length > shorter).length;
  if (tooLong > 0) throw new RangeError(`${tooLong} examples are longer than the plan's ${shorter} tokens`);
  return odd.size > 0 ? [...full, ...dealt([...odd], 1)] : full;
}

function shortest<E extends Encoded>(examples: readonly E[], count: number): ReadonlySet<E> {
  return new Set(sorted(examples, ({ ids }) => ids.length).slice(0, count));
}

/**
 * Deals examples to `count` batches that all hold about as many tokens, in what is read and in what is written, so that
 * few rows of
 * their one shape stay empty: of neighbours in length each goes to another batch, the largest load to the one that has
 * least so far.
 * Rows stand in order of load.
 */
function dealt<E extends Encoded>(examples: readonly E[], count: number): readonly E[][] {
  const ascending = sorted(examples, ({ ids }) => ids.length);
  const hands = Array.from({ length: count }, () => ({ rows: [] as E[], load: 0 }));
  for (let from = 0; from < ascending.length; from += count) {
    const heaviestFirst = sorted(hands, ({ load }) => -load);
    sorted<E>(ascending.slice(from, from + count), loadOf).forEach((example, i) => {
      const hand = heaviestFirst[i] as (typeof hands)[number];
      hand.rows.push(example);
      hand.load += loadOf(example);
    });
  }
  return hands.map(({ rows }) => sorted<E>(rows, loadOf));
}

/** Tokens of what is to be written, or of what is read where nothing is. */
function loadOf({ ids, target }: Encoded): number {
  return (target ?? ids).length;
}

function sorted<X>(items: readonly X[], by: (item: X) => number): X[] {
  return [...items].sort((a, b) => by(a) - by(b));
}

function batchOf<E extends Encoded>(rows: readonly E[], { size, lengths }: BatchPlan): Batch<E> {
  const [first] = rows;
  if (first === undefined) throw new RangeError('a batch needs at least one example');
  const longest = Math.max(...rows.map(({ ids }) => ids.length));
  const length = lengths.find((candidate) => candidate >= longest) ?? longest;
  return { length, rows: Array.from({ length: size }, (_, row) => rows[row] ?? first), count: rows.length };
}
