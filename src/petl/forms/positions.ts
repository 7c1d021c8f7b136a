import type { ModelShape } from '../../model/shape';
import { stacksOf } from '../../model/shapes';
import type { Stack } from '../../model/site';
import type { Method, Modification } from '../design/types';
import { placesOf } from '../design/places';

/**
 * Learned position of each stack's first token where it is not 0: behind the virtual vectors of a method that shifts
 * the text.
 */
export type FirstPositions = Readonly<Partial<Record<Stack, number>>>;

/**
 * A prompt stands in front of the first stack, a prefix in front of the stack whose self-attention reads it. Other
 * positions need no shift.
 */
export function firstPositions(method: Method, shape: ModelShape): FirstPositions {
  if (shape.positions.kind !== 'learned') return {};
  const [first] = stacksOf(shape);
  const all = stacksOf(shape).map(
    (stack) => [stack, prefixShift(method, shape, stack) + (stack === first ? promptShift(method) : 0)] as const,
  );
  return Object.fromEntries(all.filter(([, shift]) => shift > 0));
}

function promptShift({ prompt }: Method): number {
  return prompt.kind !== 'none' && prompt.positions === 'shifted' ? prompt.length : 0;
}

function prefixShift({ modifications }: Method, shape: ModelShape, stack: Stack): number {
  return Math.max(
    0,
    ...modifications.map((modification) => (reaches(modification, shape, stack) ? shiftOf(modification) : 0)),
  );
}

function reaches(modification: Modification, shape: ModelShape, stack: Stack): boolean {
  return modification.site === 'attn.heads' && placesOf(modification, shape).some((place) => place.stack === stack);
}

function shiftOf({ form }: Modification): number {
  return form.kind === 'prefix' && form.positions === 'shifted' ? form.length : 0;
}

/** Whether a method asks for a shift at all, wherever it would fall. */
export function asksForShift(method: Method): boolean {
  return promptShift(method) > 0 || method.modifications.some((modification) => shiftOf(modification) > 0);
}
