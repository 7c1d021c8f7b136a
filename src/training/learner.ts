import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Tree } from '../engine/tree';
import type { OptimizerSettings } from './job';
import { adamW, type TrainState } from './optimizer';

/** What a method brings: tensors that train (with unfrozen weights and the head) and tensors that do not. */
export type Own = { readonly variables: Tensors; readonly constants: Tensors };

/** What changes from step to step: see `stepScalars`, and the seed of dropout, int32 `[2]`. */
export type Tick = { readonly scalars: Tensor; readonly seed: Tensor };

/** What is learned from: a batch says how much each of its labels counts, fillers 0. */
export type Weighted = Tree & { readonly weights: Tensor };

/** A frozen model with a method and a loss over batches B: pure functions of the trained variables. */
export interface Learner<B extends Tree> {
  /** One optimizer step; the loss is that before it. */
  step(
    state: TrainState,
    constants: Tensors,
    batch: B,
    tick: Tick,
  ): { readonly state: TrainState; readonly loss: Tensor };
  /** Loss and gradients, both times `share`: what a batch adds to a step over several. */
  gradients(
    variables: Tensors,
    constants: Tensors,
    batch: B,
    draw: { readonly seed: Tensor; readonly share: Tensor },
  ): { readonly loss: Tensor; readonly gradients: Tensors };
}

/** @param lossOf mean loss of a batch, a scalar; the seed is that of dropout */
export function learnerOf<B extends Tree>(
  lossOf: (own: Own, batch: B, seed: Tensor) => Tensor,
  optimizer: OptimizerSettings,
): Learner<B> {
  return {
    step: (state, constants, batch, { scalars, seed }) => {
      const { value, gradients } = valueAndGradients(
        (variables) => lossOf({ variables, constants }, batch, seed),
        state.variables,
      );
      return { state: adamW(state, gradients, scalars, optimizer), loss: value };
    },
    gradients: (variables, constants, batch, { seed, share }) => {
      const { value, gradients } = valueAndGradients(
        (all) => tf.mul(lossOf({ variables: all, constants }, batch, seed), share),
        variables,
      );
      return { loss: value, gradients };
    },
  };
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
