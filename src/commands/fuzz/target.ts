import type { Random } from '../../random';

/**
 * What an input came to. `silent`: a change of something that matters, and the same result as before; `stack`: a fault of
 * ours in place of a line for the user.
 */
export interface Outcome {
  readonly kind: 'refused' | 'changed' | 'neutral' | 'silent' | 'stack';
  readonly detail: string;
}

/** One kind of input: a valid one is changed at random, read, and compared with what the valid one gives. */
export interface Target {
  readonly name: string;
  /** Draws one input and says how it ended; `random` decides everything. */
  run(random: Random): Promise<Outcome>;
}

/** The result of a reader, or why there is none. */
export type Read<T> = { readonly value: T } | { readonly refused: string } | { readonly stack: string };
