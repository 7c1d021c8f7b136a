import type { Compiled } from '../engine/compile';
import type { Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { squadScores } from '../tasks/metrics/answers';
import type { SpanExample, SpanTask } from '../tasks/answer-spans';
import type { Window } from '../tasks/windows';
import type { Part, Ready, Shard } from './data';
import type { Evaluation } from './evaluate';
import type { Own } from './learner';
import type { SpanBatch } from './span-reader';

/** Most tokens of an answer (Devlin et al. 2019, released code). */
const longestAnswer = 30;

/** A part of a text by its tokens there, first and last, and the sum of the two logits. */
export interface Span {
  readonly first: number;
  readonly last: number;
  readonly logit: number;
}

/** The best span: its last token not before its first, at most 30 tokens; the first of equal ones. */
export function bestSpan(starts: ArrayLike<number>, ends: ArrayLike<number>): Span {
  let best: Span = { first: 0, last: 0, logit: -Infinity };
  for (let first = 0; first < starts.length; first++) {
    for (let last = first; last < Math.min(ends.length, first + longestAnswer); last++) {
      const logit = (starts[first] ?? NaN) + (ends[last] ?? NaN);
      if (logit > best.logit) best = { first, last, logit };
    }
  }
  return best;
}

/** What a window's tokens of the text have for logits. */
export interface WindowLogits {
  readonly window: Window;
  readonly starts: Float32Array;
  readonly ends: Float32Array;
  readonly nll: number;
}

interface SpanScores {
  readonly start: Tensor;
  readonly end: Tensor;
  readonly nll: Tensor;
}

/** Of the shards of a batch. */
export type SpanProgram = Compiled<[Own, readonly SpanBatch[]], readonly (SpanScores & { [key: string]: Tensor })[]>;

/** The logits of every window that counts. */
export function windowLogits(
  program: SpanProgram,
  batches: readonly Ready<SpanBatch>[],
  own: Own,
  prompt: number,
): readonly WindowLogits[] {
  return batches.flatMap((batch) => {
    const shards = batch.map((shard) => shard.upload());
    const scores = program(own, shards);
    const found = batch.flatMap(({ rows }, i) => rowLogits(rows, scores[i] as SpanScores, prompt));
    disposeTree([shards, scores]);
    return found.sort((a, b) => a.row - b.row).map(({ logits }) => logits);
  });
}

function rowLogits(
  rows: Shard<never>['rows'],
  scores: SpanScores,
  prompt: number,
): readonly { readonly row: number; readonly logits: WindowLogits }[] {
  const width = scores.start.shape[1] as number;
  const [start, end, nll] = [scores.start, scores.end, scores.nll].map((one) => one.dataSync() as Float32Array);
  return rows.map(({ encoded, row }, i) => {
    const window = encoded as Window;
    const from = i * width + prompt + window.from;
    const part = (values: Float32Array | undefined): Float32Array =>
      (values ?? new Float32Array()).slice(from, from + window.begins.length);
    return { row, logits: { window, starts: part(start), ends: part(end), nll: nll?.[i] ?? NaN } };
  });
}

/** An answer in its text, in UTF-16 units. */
export interface FoundSpan {
  readonly start: number;
  readonly end: number;
  readonly logit: number;
}

/** The best span of each of `count` questions over all its windows. */
export function bestAnswers(windows: readonly WindowLogits[], count: number): readonly FoundSpan[] {
  const found = Array.from({ length: count }, (): FoundSpan => ({ start: 0, end: 0, logit: -Infinity }));
  for (const { window, starts, ends } of windows) {
    const { first, last, logit } = bestSpan(starts, ends);
    if (logit > (found[window.index] as FoundSpan).logit)
      found[window.index] = { start: window.begins[first] ?? 0, end: window.ends[last] ?? 0, logit };
  }
  return found;
}

/** Scores every question by the text of its best span; the loss is the mean over windows. */
export function evaluateSpans(
  program: SpanProgram,
  { batches, ids }: Part<SpanBatch>,
  own: Own,
  {
    metric,
    prompt,
    examples,
  }: { readonly metric: SpanTask['metric']; readonly prompt: number; readonly examples: readonly SpanExample[] },
): Evaluation {
  if (ids.length === 0) return { score: NaN, loss: NaN, perExample: [], labels: [], answers: [] };
  const windows = windowLogits(program, batches, own, prompt);
  const scores = bestAnswers(windows, ids.length).map(({ start, end }, i) => {
    const { pair, answers } = examples[i] as SpanExample;
    return squadScores(
      pair.slice(start, end),
      answers.map(({ text }) => text),
    );
  });
  const perExample = scores.map(({ f1, exact }) => (metric === 'span-f1' ? f1 : exact));
  return {
    score: mean(perExample),
    loss: mean(windows.map(({ nll }) => nll)),
    perExample,
    labels: ids.map(() => 1),
    answers: [],
    exact: mean(scores.map(({ exact }) => exact)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
