import { smoothedCrossEntropy } from '../engine/loss';
import { noise } from '../engine/random';
import { tf, type Tensor } from '../engine/tf';
import { UserError } from '../errors';
import { placesIn } from '../model/batch';
import type { Frozen } from '../model/encoder';
import { sequenceMean, weightedMean } from '../model/heads';
import { targetLogits, type LanguageBatch } from '../model/language';
import type { SequenceMean } from '../model/site';
import { runUnder } from '../petl/forms/adaptation';
import type { Method } from '../petl/design/types';
import { penaltyOf } from '../petl/forms/ranks';
import type { Scores } from './evaluate';
import type { LossSettings } from './job';
import { learnerOf, type Learner, type Own } from './learner';

/** A frozen language model with a method that learns to write targets: pure functions of the trained variables. */
export interface TextGenerator extends Learner<LanguageBatch> {
  /**
   * `[M]` negative log-likelihoods of the targets, fillers among them; they are their own score, or 1 where the target is
   * what greedy search would write.
   */
  score(own: Own, batch: LanguageBatch): Omit<Scores, 'answer'>;
}

/** What of a run's surroundings its graphs depend on. */
export interface GeneratorSetting {
  /** Another frozen model that the method's prompt is written with. */
  readonly encoder?: Frozen | undefined;
  readonly metric?: string;
}

export function generatorOf(
  frozen: Frozen,
  method: Method,
  { dropout, labelSmoothing, optimizer }: LossSettings,
  { encoder, metric = 'nll' }: GeneratorSetting = {},
): TextGenerator {
  const logits = ({ variables, constants }: Own, batch: LanguageBatch, seed: Tensor | undefined): Tensor => {
    const source = seed && noise(seed, placesIn([batch.source, batch.target, batch.reads]));
    const own = { ...variables, ...constants };
    const { frozen: adapted, forward } = runUnder(method, frozen, own, {
      noise: source,
      dropout,
      sequenceMean: meansOf(batch),
      reads: { encoder, texts: batch.reads },
    });
    return targetLogits(adapted, batch, forward);
  };
  const losses = (own: Own, batch: LanguageBatch, seed: Tensor): Tensor =>
    smoothedCrossEntropy(logits(own, batch, seed), batch.labels, labelSmoothing);
  const loss = (own: Own, batch: LanguageBatch, seed: Tensor): Tensor => {
    const fit = weightedMean(losses(own, batch, seed), batch.weights);
    const penalty = penaltyOf(method, frozen.shape, { ...own.variables, ...own.constants });
    return penalty === undefined ? fit : tf.add(fit, penalty);
  };
  return {
    ...learnerOf(loss, optimizer),
    score: (own, batch) => {
      const scores = logits(own, batch, undefined);
      const nll = smoothedCrossEntropy(scores, batch.labels, 0);
      if (metric === 'nll') return { nll, value: nll };
      return { nll, value: tf.cast(tf.equal(tf.argMax(scores, 1), batch.labels), 'float32') };
    },
  };
}

/** A target's mean would show each position the tokens that it is to predict: gates in a decoder are per token. */
function meansOf({ source }: LanguageBatch): SequenceMean {
  return (x, { stack, site }) => {
    if (source !== undefined && (stack === 'encoder' || site === 'cross.key' || site === 'cross.value'))
      return sequenceMean(x, source);
    throw new UserError('a gate per sequence in a decoder would see the tokens to be predicted: write gate=token');
  };
}
