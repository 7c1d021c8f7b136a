import { plainForward } from '../model/forward';
import type { Adaptation } from '../model/generation/reader';
import { weightsWith, type Delta } from './delta';
import { promptLength, promptOf, visitFor } from './modify';

/** A delta as generation takes it: its tensors are fed, so texts can be written while they train. */
export function adaptationOf({ method, variables, constants }: Delta): Adaptation {
  return {
    tensors: { ...variables, ...constants },
    prompt: promptLength(method),
    ...(method.firstPositions && { firstPositions: method.firstPositions }),
    apply: ({ shape, weights }, tensors, sequenceMean) => ({
      frozen: { shape, weights: weightsWith(weights, tensors) },
      forward: {
        ...plainForward, prompt: promptOf(method, tensors), ...(method.firstPositions && { firstPositions: method.firstPositions }),
        visit: visitFor(method, shape, tensors, { noise: undefined, ...(sequenceMean && { sequenceMean }) }),
      },
    }),
  };
}
