import { UserError } from '../errors';

/** The few shapes [size, length] that all batches of a run have: each new shape costs a program its first, slow run. */
export interface BatchPlan {
  /** Rows of every batch. */
  readonly size: number;
  /** Padded lengths, ascending; the last takes the longest example. */
  readonly lengths: readonly number[];
}

export interface PlanOptions {
  readonly size: number;
  /** Most lengths (3 for quick studies, 8 for full ones). */
  readonly maxShapes?: number;
  /** Lengths are multiples of this. */
  readonly multiple?: number;
}

/**
 * The at most `maxShapes` padded lengths (multiples of `multiple`) that give the fewest padded tokens over examples of
 * the given token
 * counts. Plan over training, validation and test together, so that every example fits; only lengths are looked at.
 */
export function planBatches(lengths: readonly number[], options: PlanOptions): BatchPlan {
  const { size, maxShapes = 3, multiple = 8 } = options;
  if (!Number.isInteger(size) || size < 1)
    throw new UserError(`batch size ${size} is not a positive whole number: choose one such as 32`);
  if (!Number.isInteger(maxShapes) || maxShapes < 1)
    throw new UserError(`maxShapes ${maxShapes} is not a positive whole number: choose 3`);
  if (lengths.length === 0) throw new UserError('no examples to batch: the data set is empty');
  const counts = new Map<number, number>();
  for (const length of lengths) {
    const padded = Math.ceil(length / multiple) * multiple;
    counts.set(padded, (counts.get(padded) ?? 0) + 1);
  }
  const ascending = [...counts].sort(([a], [b]) => a - b);
  return { size, lengths: cheapestLengths(ascending, maxShapes) };
}

interface Choice {
  readonly tokens: number;
  readonly lengths: readonly number[];
}

/** Dynamic programme: best[j] is the cheapest choice for the first j candidates, with the j-th as its last length. */
function cheapestLengths(candidates: readonly (readonly [number, number])[], maxShapes: number): readonly number[] {
  let best = candidates.map((_, last): Choice => extend({ tokens: 0, lengths: [] }, candidates, 0, last));
  for (let shapes = 2; shapes <= maxShapes; shapes++) {
    const fewer = best;
    best = fewer.map((choice, last) => {
      const longer = fewer.slice(0, last).map((before, end) => extend(before, candidates, end + 1, last));
      return [choice, ...longer].reduce((a, b) => (b.tokens < a.tokens ? b : a));
    });
  }
  return best[best.length - 1]?.lengths ?? [];
}

/** Adds one length that takes the candidates `from` to `last`. */
function extend(
  before: Choice,
  candidates: readonly (readonly [number, number])[],
  from: number,
  last: number,
): Choice {
  const length = candidates[last]?.[0] ?? 0;
  const rows = candidates.slice(from, last + 1).reduce((sum, [, count]) => sum + count, 0);
  return { tokens: before.tokens + rows * length, lengths: [...before.lengths, length] };
}
