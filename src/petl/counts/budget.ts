import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import { count, type Counts } from './count';
import type { Method } from '../design/types';
import { whyInvalid } from '../design/valid';
import { familyOf, parseMethod } from '../design/written';

/** The largest method of a family within a budget. */
export interface Fitted {
  readonly method: Method;
  readonly size: number;
  /** `share` is what was reached. */
  readonly counts: Counts;
}

/**
 * Solves for a method's size: the largest whole number whose published count (`Counts.share`) does not exceed the
 * budget.
 * @param family a written form without its size: `lora`, `prefix:mlp=800`, `mam:l=16`
 * @param share of the backbone, `'0.5%'` or 0.005
 * @throws UserError for methods without a size and budgets that not even size 1 meets, with the share that it needs
 */
export function fitBudget(family: string, shape: ModelShape, share: string | number): Fitted {
  const limit = shareOf(share);
  const { size: key } = familyOf(family);
  if (key === undefined)
    throw new UserError(
      `Method "${family}" has no size to fit to ${percent(limit)}: it trains what it trains. Choose one with a size, such as lora.`,
    );
  const at = (size: number): Fitted => {
    const method = parseMethod(`${family}${family.includes(':') ? ',' : ':'}${key}=${size}`);
    return { method, size, counts: count(method, shape) };
  };
  const fits = (size: number): boolean =>
    whyInvalid(at(size).method, shape) === undefined && reached(at, size) <= limit;
  const size = largest((candidate) => reached(at, candidate) <= limit, shape.vocabulary * shape.width);
  for (let valid = size; valid >= 1; valid--) if (fits(valid)) return at(valid);
  throw new UserError(
    `Method "${family}" cannot be as small as ${percent(limit)} of this model${smallest(at, shape)}.`,
  );
}

function smallest(at: (size: number) => Fitted, shape: ModelShape): string {
  for (let size = 1; size <= 64; size++) {
    const { method, counts } = at(size);
    if (whyInvalid(method, shape) === undefined) return `: ${method.name} already takes ${percent(counts.share)}`;
  }
  return '';
}

/** A size that the model cannot have, such as more layers than there are, takes more than any budget. */
function reached(at: (size: number) => Fitted, size: number): number {
  try {
    return at(size).counts.share;
  } catch (error) {
    if (error instanceof UserError && size > 1) return Infinity;
    throw error;
  }
}

/** Largest n in [0, most] with `holds(n)`, which is true up to some n and false after it; 0 always holds. */
function largest(holds: (n: number) => boolean, most: number): number {
  let high = 1;
  while (high <= most && holds(high)) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function shareOf(share: string | number): number {
  const match = /^\s*(\d+\.?\d*|\.\d+)\s*(%?)\s*$/.exec(String(share));
  const value = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : NaN;
  if (!(value > 0 && value <= 1))
    throw new UserError(`A budget is a share of the model above 0 and at most 100%, such as 0.5%; "${share}" is not.`);
  return value;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)}%`;
}
