import type { Tensors } from '../../engine/tf';
import type { Forward, Frozen } from '../../model/forward';
import type { Adaptation } from '../../model/generation/reader';
import type { ModelShape } from '../../model/shape';
import type { Method } from '../design/types';
import { weightsWith, type Delta } from '../bank/delta';
import { againOf } from './connector';
import { promptWriter, type GeneratorReads } from './generator';
import { promptLength, promptOf, visitFor, type ModifyContext } from './modify';
import { firstPositions } from './positions';

/** A model and how to run it. */
export interface Run {
  readonly frozen: Frozen;
  readonly forward: Forward;
}

/**
 * A frozen model as it runs under a method: with the weights that train in place of its own, and a pass over all rows.
 * @param tensors the method's variables and constants
 */
export function runUnder(
  method: Method,
  frozen: Frozen,
  tensors: Tensors,
  { dropout, reads = {}, ...context }: ModifyContext & { readonly dropout: number; readonly reads?: GeneratorReads },
): Run {
  const { shape, weights } = frozen;
  return {
    frozen: { shape, weights: weightsWith(weights, { method, shape }, tensors) },
    forward: {
      visit: visitFor(method, shape, tensors, context),
      noise: context.noise,
      dropout,
      read: 'all',
      prompt: promptOf(method, tensors),
      promptFrom: promptWriter(method, frozen, tensors, reads),
      firstPositions: firstPositions(method, shape),
      again: againOf(method, tensors),
    },
  };
}

/** A method as generation takes it, its tensors with each call. */
export function adaptationFor(method: Method, shape: ModelShape): Adaptation {
  return {
    tensors: {},
    prompt: promptLength(method),
    firstPositions: firstPositions(method, shape),
    apply: (frozen, tensors, sequenceMean) =>
      runUnder(method, frozen, tensors, { noise: undefined, dropout: 0, ...(sequenceMean && { sequenceMean }) }),
  };
}

/** A delta as generation takes it: its tensors are fed, so texts can be written while they train. */
export function adaptationOf({ method, shape, variables, constants }: Delta): Adaptation {
  return { ...adaptationFor(method, shape), tensors: { ...variables, ...constants } };
}
