import type { Tokenizer } from '../model/tokenizer';
import { mixSeeds, randomFrom, shuffled } from '../random';
import type { BatchPlan } from './plan';
import type { ClassificationExample } from './task';

export interface EncodedExample {
  /** Position in the list that was encoded. */
  readonly index: number;
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  readonly label: number;
}

/** Rows of one shape [size, length] as plain arrays; row r and token t lie at `r * length + t`. */
export interface Batch {
  readonly size: number;
  readonly length: number;
  /** [size * length], padded on the right with `padId`. */
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  /** [size * length], 1 at tokens, 0 at padding. */
  readonly mask: Float32Array;
  /** [size], number of tokens of each row, at least 1. */
  readonly lengths: Int32Array;
  readonly labels: Int32Array;
  /** [size], 1, or 0 for a filler row, which must count neither in the loss nor in a score. */
  readonly weights: Float32Array;
  /** [size], `index` of the row's example, -1 for a filler row. */
  readonly exampleIndex: Int32Array;
  /** Tokens of the rows that count: the cost without padding. */
  readonly realTokens: number;
}

/** Token ids of every example, at most `maxLength` each. */
export function encodeExamples(
  tokenizer: Tokenizer, examples: readonly ClassificationExample[], maxLength: number,
): readonly EncodedExample[] {
  return examples.map((example, index) => ({ index, label: example.label, ...tokenizer.encode(example, maxLength) }));
}

/**
 * The batches of one training epoch: every example once, in an order that depends on seed and epoch alone. Examples are shuffled, then
 * grouped by length (rows of similar length waste little padding), then the batches are shuffled, so that length says nothing about time.
 */
export function trainingBatches(
  examples: readonly EncodedExample[], plan: BatchPlan, order: { readonly seed: number; readonly epoch: number },
): readonly Batch[] {
  const random = randomFrom(mixSeeds(order.seed, order.epoch));
  return shuffled(groups(shuffled(examples, random), plan), random).map((rows) => batchOf(rows, plan));
}

/** The batches of an evaluation: the training shapes, a fixed order; `exampleIndex` says where each row belongs. */
export function evaluationBatches(examples: readonly EncodedExample[], plan: BatchPlan): readonly Batch[] {
  return groups(examples, plan).map((rows) => batchOf(rows, plan));
}

/**
 * Full groups of `plan.size` for each length. What is left over at one length joins the next longer one, so that only the very last
 * group is partly filled and an epoch has ceil(examples / size) batches.
 */
function groups(examples: readonly EncodedExample[], plan: BatchPlan): readonly EncodedExample[][] {
  const full: EncodedExample[][] = [];
  const waiting: EncodedExample[] = [];
  let shorter = 0;
  for (const length of plan.lengths) {
    const floor = shorter;
    waiting.push(...examples.filter(({ ids }) => ids.length > floor && ids.length <= length));
    while (waiting.length >= plan.size) full.push(waiting.splice(0, plan.size));
    shorter = length;
  }
  if (waiting.length > 0) full.push(waiting);
  const placed = full.reduce((count, rows) => count + rows.length, 0);
  if (placed !== examples.length) throw new RangeError(`${examples.length - placed} examples are longer than the plan's ${shorter} tokens`);
  return full;
}

/**
 * A filler row repeats the first row with weight 0: real text keeps softmax and mean pooling finite where an empty row would divide by 0.
 * Padding is on the right because absolute positions then start at 0 in every row, as in pretraining.
 */
function batchOf(rows: readonly EncodedExample[], plan: BatchPlan): Batch {
  const size = plan.size;
  const longest = Math.max(...rows.map((row) => row.ids.length));
  const length = plan.lengths.find((candidate) => candidate >= longest) ?? longest;
  const batch = emptyBatch(size, length, plan.padId);
  let realTokens = 0;
  for (let row = 0; row < size; row++) {
    const example = rows[row] ?? rows[0];
    if (!example) throw new RangeError('a batch needs at least one example');
    const real = row < rows.length;
    batch.ids.set(example.ids, row * length);
    batch.typeIds.set(example.typeIds, row * length);
    batch.mask.fill(1, row * length, row * length + example.ids.length);
    batch.lengths[row] = example.ids.length;
    batch.labels[row] = example.label;
    batch.weights[row] = real ? 1 : 0;
    batch.exampleIndex[row] = real ? example.index : -1;
    if (real) realTokens += example.ids.length;
  }
  return { ...batch, realTokens };
}

function emptyBatch(size: number, length: number, padId: number): Batch {
  return {
    size,
    length,
    ids: new Int32Array(size * length).fill(padId),
    typeIds: new Int32Array(size * length),
    mask: new Float32Array(size * length),
    lengths: new Int32Array(size),
    labels: new Int32Array(size),
    weights: new Float32Array(size),
    exampleIndex: new Int32Array(size),
    realTokens: 0,
  };
}
