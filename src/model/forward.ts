import type { Noise } from '../engine/random';
import type { Tensor, Tensors } from '../engine/tf';
import type { Batch } from './batch';
import type { ModelShape } from './shape';
import { untouched, type Stack, type Visit } from './site';

/** A frozen model as its pure functions see it. */
export interface Frozen {
  readonly shape: ModelShape;
  readonly weights: Tensors;
}

/** How to run a model: nothing here changes its weights. */
export interface Forward {
  readonly visit: Visit;
  readonly noise: Noise | undefined;
  readonly dropout: number;
  /**
   * Free vectors in front of every (source) sequence, `[l, d]` for all or `[B, l, d]` for each; the batch must have been
   * packed with l slots.
   */
  readonly prompt: Tensor | undefined;
  /** Makes them of the batch that they stand in, where they are written from the input. */
  readonly promptFrom?: ((batch: Batch) => Tensor) | undefined;
  /**
   * Rows that anything reads: all, or each sequence's first or last token (the last block then works on those alone).
   */
  readonly read: 'all' | 'first' | 'last';
  /** Word vectors `[N, d]` in place of those of the ids, as the model would have scaled them. */
  readonly words?: Tensor;
  /** Learned position of each stack's first token, 0 where left out. */
  readonly firstPositions?: Readonly<Partial<Record<Stack, number>>>;
  /** A second pass through the same weights, of the stack that is read last. */
  readonly again?: Again | undefined;
}

/** What a second pass reads. */
export interface Again {
  /**
   * Word vectors `[N, w]` from the last states of the first pass `[N, d]` and from the word vectors that it read.
   */
  readonly words: (states: Tensor, own: () => Tensor) => Tensor;
  /** Free vectors in the slots that the first pass had its own in, `[l, w]`. */
  readonly prompt: Tensor | undefined;
}

export const plainForward: Forward = { visit: untouched, noise: undefined, dropout: 0, prompt: undefined, read: 'all' };

export function need(weights: Tensors, name: string): Tensor {
  const weight = weights[name];
  if (weight === undefined) throw new Error(`weight ${name} is missing`);
  return weight;
}
