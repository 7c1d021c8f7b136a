import { UserError } from '../errors';
import type { ModelShape } from '../model/shape';
import { longestText } from '../model/shapes';
import type { Stack } from '../model/site';
import type { Method } from '../petl/design/types';
import { firstPositions } from '../petl/forms/positions';

/** Most tokens of a text that a stack of the model reads exactly under a method; Infinity for any number. */
export function roomIn(stack: Stack, method: Method, shape: ModelShape): number {
  return (longestText(shape) ?? Infinity) - (firstPositions(method, shape)[stack] ?? 0);
}

/** Encoded texts, none of which is longer than the model's positions. @throws UserError that names the setting */
export function fitting<E>(rows: readonly E[], tokens: (row: E) => number, room: number): readonly E[] {
  const longest = rows.reduce((most, row) => Math.max(most, tokens(row)), 0);
  if (longest > room)
    throw new UserError(
      `a text of ${longest} tokens is longer than the model's ${room} positions: set training.maxLength (of a target, its own) to at most ${room}`,
    );
  return rows;
}
