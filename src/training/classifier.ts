import { gatherRows } from '../engine/layers';
import { noise, type Noise } from '../engine/random';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Batch } from '../model/batch';
import { encode, type Frozen } from '../model/encoder';
import { classify, crossEntropy, meanPool, sequenceMean, weightedMean } from '../model/heads';
import type { Method } from '../petl/design';
import { weightsWith } from '../petl/delta';
import { visitFor } from '../petl/modify';
import { firstPositions } from '../petl/positions';
import { penaltyOf } from '../petl/ranks';
import type { TrainingSettings } from './job';
import { adamW, type TrainState } from './optimizer';

/** A packed batch and what is to be learned from it. */
export type LabelledBatch = {
  readonly inputs: Batch;
  /** int32 `[B]` */
  readonly labels: Tensor;
  /** float `[B]`, 0 for filler examples */
  readonly weights: Tensor;
};

/** What a method brings: tensors that train (with unfrozen weights and the head) and tensors that do not. */
export type Own = { readonly variables: Tensors; readonly constants: Tensors };

/** What changes from step to step: see `stepScalars`, and the seed of dropout, int32 `[2]`. */
export type Tick = { readonly scalars: Tensor; readonly seed: Tensor };

/** A frozen encoder with a method and a classification head: pure functions of the trained variables. */
export interface Classifier {
  /** Class scores `[B, classes]`; dropout only where noise is given. */
  logits(own: Own, inputs: Batch, source: Noise | undefined): Tensor;
  /** One optimizer step; the loss is that before it. */
  step(state: TrainState, constants: Tensors, batch: LabelledBatch, tick: Tick): { readonly state: TrainState; readonly loss: Tensor };
  /** Loss and gradients, both times `share`: what a batch adds to a step over several. */
  gradients(variables: Tensors, constants: Tensors, batch: LabelledBatch, draw: { readonly seed: Tensor; readonly share: Tensor }): { readonly loss: Tensor; readonly gradients: Tensors };
  /** `[B]` negative log-likelihoods and int32 `[B]` predicted labels. */
  score(own: Own, batch: LabelledBatch): { readonly nll: Tensor; readonly predicted: Tensor };
}

/** @param work least: the last block computes what the head reads; all: every position, as other libraries do */
export function classifierOf(frozen: Frozen, method: Method, settings: TrainingSettings, work: 'least' | 'all' = 'least'): Classifier {
  const { dropout, labelSmoothing, optimizer } = settings;
  const mean = frozen.shape.pooling === 'mean';
  const logits: Classifier['logits'] = ({ variables, constants }, inputs, source) => {
    const weights = weightsWith(frozen.weights, variables);
    const means = (x: Tensor): Tensor => sequenceMean(x, inputs);
    const visit = visitFor(method, frozen.shape, { ...variables, ...constants }, { noise: source, sequenceMean: means });
    const prompt = method.prompt.kind === 'none' ? undefined : variables['prompt'];
    const read = mean || work === 'all' ? 'all' : 'first';
    const hidden = encode({ shape: frozen.shape, weights }, inputs, { visit, noise: source, dropout, prompt, read, firstPositions: firstPositions(method, frozen.shape) });
    const first = (): Tensor => (read === 'all' ? gatherRows(hidden, inputs.first) : hidden);
    return classify(mean ? meanPool(hidden, inputs) : first(), variables, dropout, source);
  };
  const loss = (own: Own, batch: LabelledBatch, seed: Tensor): Tensor => {
    const fit = weightedMean(crossEntropy(logits(own, batch.inputs, noise(seed)), batch.labels, labelSmoothing), batch.weights);
    const penalty = penaltyOf(method, frozen.shape, { ...own.variables, ...own.constants });
    return penalty === undefined ? fit : tf.add(fit, penalty);
  };
  return {
    logits,
    step: (state, constants, batch, { scalars, seed }) => {
      const { value, gradients } = valueAndGradients((variables) => loss({ variables, constants }, batch, seed), state.variables);
      return { state: adamW(state, gradients, scalars, optimizer), loss: value };
    },
    gradients: (variables, constants, batch, { seed, share }) => {
      const { value, gradients } = valueAndGradients((all) => tf.mul(loss({ variables: all, constants }, batch, seed), share), variables);
      return { loss: value, gradients };
    },
    score: (own, batch) => {
      const scores = logits(own, batch.inputs, undefined);
      return { nll: crossEntropy(scores, batch.labels, 0), predicted: tf.argMax(scores, 1) };
    },
  };
}

/** tfjs's gradients by name; everything that is not in `variables` is a constant to them. */
export function valueAndGradients(f: (variables: Tensors) => Tensor, variables: Tensors): { readonly value: Tensor; readonly gradients: Tensors } {
  const names = Object.keys(variables);
  const named = (...tensors: Tensor[]): Tensors => Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
  const { value, grads } = tf.valueAndGrads((...tensors: Tensor[]) => f(named(...tensors)) as tf.Scalar)(Object.values(variables));
  return { value, gradients: named(...grads) };
}
