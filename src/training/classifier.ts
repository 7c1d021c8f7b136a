import { gatherRows } from '../engine/layers';
import { noise, type Noise } from '../engine/random';
import { tf, type Tensor } from '../engine/tf';
import { placesIn, type Batch } from '../model/batch';
import { encode, type Frozen } from '../model/encoder';
import { classify, meanPool, sequenceMean, weightedMean } from '../model/heads';
import { runUnder } from '../petl/forms/adaptation';
import type { Method } from '../petl/design/types';
import { penaltyOf } from '../petl/forms/ranks';
import type { Scores } from './evaluate';
import type { LossSettings } from './job';
import type { LabelledBatch } from './labelled';
import { learnerOf, type Learner, type Own } from './learner';
import { oneClass, type Objective } from './objectives';

/** A frozen encoder with a method and a head on the pooled text: pure functions of the trained variables. */
export interface Classifier extends Learner<LabelledBatch> {
  /** What the head reads `[B, d]`, which does not depend on the head. */
  pooled(own: Own, inputs: Batch, source: Noise | undefined): Tensor;
  /** The head's outputs `[B, outputs]`; dropout only where noise is given. */
  logits(own: Own, inputs: Batch, source: Noise | undefined): Tensor;
  /** Of each label its negative log-likelihood, the answer, and its part of the score. */
  score(own: Own, batch: LabelledBatch): Required<Scores>;
}

/** How a classifier is computed, and learned. */
export interface ClassifierOptions {
  /** least, as usual: the last block computes what the head reads; all: every position, as other libraries do. */
  readonly work?: 'least' | 'all';
  /** What the outputs are held against; one of several classes where left out. */
  readonly objective?: Objective;
}

export function classifierOf(
  frozen: Frozen,
  method: Method,
  settings: LossSettings,
  { work = 'least', objective = oneClass }: ClassifierOptions = {},
): Classifier {
  const { dropout, labelSmoothing, optimizer } = settings;
  const mean = frozen.shape.pooling === 'mean';
  const pooled: Classifier['pooled'] = ({ variables, constants }, inputs, source) => {
    const means = (x: Tensor): Tensor => sequenceMean(x, inputs);
    const { frozen: adapted, forward } = runUnder(
      method,
      frozen,
      { ...variables, ...constants },
      { noise: source, dropout, sequenceMean: means },
    );
    const read = mean || work === 'all' ? 'all' : 'first';
    const hidden = encode(adapted, inputs, { ...forward, read });
    const first = (): Tensor => (read === 'all' ? gatherRows(hidden, inputs.first) : hidden);
    return mean ? meanPool(hidden, inputs) : first();
  };
  const logits: Classifier['logits'] = (own, inputs, source) =>
    classify(pooled(own, inputs, source), own.variables, dropout, source);
  const loss = (own: Own, batch: LabelledBatch, seed: Tensor): Tensor => {
    const fit = weightedMean(
      objective.loss(logits(own, batch.inputs, noise(seed, placesIn([batch.inputs]))), batch.labels, labelSmoothing),
      batch.weights,
    );
    const penalty = penaltyOf(method, frozen.shape, { ...own.variables, ...own.constants });
    return penalty === undefined ? fit : tf.add(fit, penalty);
  };
  return {
    ...learnerOf(loss, optimizer),
    pooled,
    logits,
    score: (own, batch) => objective.score(logits(own, batch.inputs, undefined), batch.labels),
  };
}
