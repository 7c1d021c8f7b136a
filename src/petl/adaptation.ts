import { plainForward } from '../model/forward';
import type { Adaptation } from '../model/generation/reader';
import { weightsWith, type Delta } from './delta';
import { promptLength, promptOf, visitFor } from './modify';
import { firstPositions } from './positions';

/** A delta as generation takes it: its tensors are fed, so texts can be written while they train. */
export function adaptationOf({ method, shape: own, variables, constants }: Delta): Adaptation {
  const first = firstPositions(method, own);
  return {
    tensors: { ...variables, ...constants },
    prompt: promptLength(method),
    firstPositions: first,
    apply: ({ shape, weights }, tensors, sequenceMean) => ({
      frozen: { shape, weights: weightsWith(weights, tensors) },
      forward: {
        ...plainForward, prompt: promptOf(method, tensors), firstPositions: first,
        visit: visitFor(method, shape, tensors, { noise: undefined, ...(sequenceMean && { sequenceMean }) }),
      },
    }),
  };
}
