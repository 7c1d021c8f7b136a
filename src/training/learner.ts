import { sumOf, tf, type Tensor, type Tensors } from '../engine/tf';
import type { Tree } from '../engine/tree';
import type { OptimizerSettings } from './job';
import { adamW, type TrainState } from './optimizer';

/** What a method brings: tensors that train (with unfrozen weights and the head) and tensors that do not. */
export type Own = { readonly variables: Tensors; readonly constants: Tensors };

/** What changes from step to step: see `stepScalars`, and the seed of dropout, int32 `[2]`. */
export type Tick = { readonly scalars: Tensor; readonly seed: Tensor };

/** What is learned from: a batch says how much each of its labels counts, fillers 0. */
export type Weighted = Tree & { readonly weights: Tensor };

/**
 * A frozen model with a method and a loss over batches, each in one shard B or several: pure functions of the trained
 * variables.
 */
export interface Learner<B extends Tree> {
  /** One optimizer step; the loss is that before it. */
  step(
    state: TrainState,
    constants: Tensors,
    shards: readonly B[],
    tick: Tick,
  ): { readonly state: TrainState; readonly loss: Tensor };
  /** Loss and gradients, both times `share`: what a batch adds to a step over several. */
  gradients(
    variables: Tensors,
    constants: Tensors,
    shards: readonly B[],
    draw: { readonly seed: Tensor; readonly share: Tensor },
  ): { readonly loss: Tensor; readonly gradients: Tensors };
}

/** @param lossOf mean loss of a shard, a scalar; the seed is that of dropout */
export function learnerOf<B extends Weighted>(
  lossOf: (own: Own, shard: B, seed: Tensor) => Tensor,
  optimizer: OptimizerSettings,
): Learner<B> {
  const meanOf = (own: Own, shards: readonly B[], seed: Tensor): Tensor => {
    const losses = shards.map((shard) => lossOf(own, shard, seed));
    return losses.length === 1 ? (losses[0] as Tensor) : commonMean(losses, shards);
  };
  return {
    step: (state, constants, shards, { scalars, seed }) => {
      const { value, gradients } = valueAndGradients(
        (variables) => meanOf({ variables, constants }, shards, seed),
        state.variables,
      );
      return { state: adamW(state, gradients, scalars, optimizer), loss: value };
    },
    gradients: (variables, constants, shards, { seed, share }) => {
      const { value, gradients } = valueAndGradients(
        (all) => tf.mul(meanOf({ variables: all, constants }, shards, seed), share),
        variables,
      );
      return { loss: value, gradients };
    },
  };
}

/** Each shard's mean counts by its share of the labels' weights. */
function commonMean(losses: readonly Tensor[], shards: readonly Weighted[]): Tensor {
  const weights = shards.map((shard) => tf.sum(shard.weights));
  const total = tf.maximum(sumOf(weights), 1e-9);
  return sumOf(losses.map((loss, i) => tf.mul(loss, tf.div(weights[i] as Tensor, total))));
}

/** tfjs's gradients by name; everything that is not in `variables` is a constant to them. */
function valueAndGradients(
  f: (variables: Tensors) => Tensor,
  variables: Tensors,
): { readonly value: Tensor; readonly gradients: Tensors } {
  const names = Object.keys(variables);
  const named = (...tensors: Tensor[]): Tensors =>
    Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
  const { value, grads } = tf.valueAndGrads((...tensors: Tensor[]) => f(named(...tensors)) as tf.Scalar)(
    Object.values(variables),
  );
  return { value, gradients: named(...grads) };
}
