import { gatherRows } from '../engine/layers';
import { noise, type Noise } from '../engine/random';
import { tf, type Tensor } from '../engine/tf';
import { placesIn, type Batch } from '../model/batch';
import { encode, type Frozen } from '../model/encoder';
import { classify, crossEntropy, sequenceMean, weightedMean } from '../model/heads';
import { runUnder } from '../petl/forms/adaptation';
import type { Method } from '../petl/design/types';
import { penaltyOf } from '../petl/forms/ranks';
import type { LossSettings } from './job';
import { learnerOf, type Learner, type Own } from './learner';

/** Windows of questions with their texts, in one grid of B rows and T positions, and where the answers stand. */
export type SpanBatch = {
  readonly inputs: Batch;
  /** float `[B, T]`, 1 where an answer may begin or end: tokens of the text, and the first of all, which says "not here" */
  readonly open: Tensor;
  /** int32 `[B]` */
  readonly starts: Tensor;
  readonly ends: Tensor;
  /** float `[B]`, 0 for filler windows */
  readonly weights: Tensor;
};

/** Logits of every position for being the answer's first token and its last, `[B, T]` each; -1e9 where none may be. */
export type SpanLogits = { readonly start: Tensor; readonly end: Tensor };

/** A frozen encoder with a method and a head that points at an answer's ends: pure functions of the trained variables. */
export interface SpanReader extends Learner<SpanBatch> {
  /** Dropout only where noise is given. */
  logits(own: Own, batch: Pick<SpanBatch, 'inputs' | 'open'>, source: Noise | undefined): SpanLogits;
  /** The logits, and each window's negative log-likelihood `[B]`, the mean of the two ends'. */
  score(own: Own, batch: SpanBatch): SpanLogits & { readonly nll: Tensor };
}

/** BERT's head for SQuAD (Devlin et al. 2019, section 4.2): two vectors, each multiplied with every token. */
export function spanReaderOf(frozen: Frozen, method: Method, settings: LossSettings): SpanReader {
  const { dropout, optimizer } = settings;
  const logits: SpanReader['logits'] = ({ variables, constants }, { inputs, open }, source) => {
    const means = (x: Tensor): Tensor => sequenceMean(x, inputs);
    const { frozen: adapted, forward } = runUnder(
      method,
      frozen,
      { ...variables, ...constants },
      { noise: source, dropout, sequenceMean: means },
    );
    const hidden = encode(adapted, inputs, { ...forward, read: 'all' }); // [N, d]
    const cells = gatherRows(classify(hidden, variables, dropout, source), inputs.back); // [B T, 2]
    const closed = tf.mul(tf.sub(open, 1), 1e9);
    const side = (column: 0 | 1): Tensor =>
      tf.add(tf.reshape(tf.slice(cells, [0, column], [-1, 1]), open.shape as [number, number]), closed);
    return { start: side(0), end: side(1) };
  };
  const nllOf = ({ start, end }: SpanLogits, { starts, ends }: SpanBatch): Tensor =>
    tf.mul(tf.add(crossEntropy(start, starts, 0), crossEntropy(end, ends, 0)), 0.5);
  const loss = (own: Own, batch: SpanBatch, seed: Tensor): Tensor => {
    const fit = weightedMean(nllOf(logits(own, batch, noise(seed, placesIn([batch.inputs]))), batch), batch.weights);
    const penalty = penaltyOf(method, frozen.shape, { ...own.variables, ...own.constants });
    return penalty === undefined ? fit : tf.add(fit, penalty);
  };
  return {
    ...learnerOf(loss, optimizer),
    logits,
    score: (own, batch) => {
      const found = logits(own, batch, undefined);
      return { ...found, nll: nllOf(found, batch) };
    },
  };
}
