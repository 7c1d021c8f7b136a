import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { uploadBatch, type Batch } from '../../model/batch';
import { decodeText, type TextPair } from '../../model/decoder';
import { encode, type Frozen } from '../../model/encoder';
import { sequenceMeans } from '../../model/heads';
import { packTogether } from '../../model/packing';
import { hasCrossAttention } from '../../model/shapes';
import { adaptationFor } from '../forms/adaptation';
import type { Delta } from './delta';
import { largestDifference, merge, type Merged } from './merge';
import { promptLength } from '../forms/modify';

export interface StatedMerge extends Merged {
  /** Largest absolute difference between the last hidden states of two short token sequences, merged and unmerged. */
  readonly difference: number;
}

/**
 * `merge`, with the difference stated that rounding makes. The frozen model stays as it was: to unmerge, use it again.
 * @throws UserError where a tensor holds NaN or infinity; nothing is changed then
 */
export function mergeStated(
  frozen: Frozen,
  { method, shape, variables, constants }: Pick<Delta, 'method' | 'shape' | 'variables' | 'constants'>,
): StatedMerge {
  const tensors = { ...constants, ...variables };
  const merged = merge(method, shape, frozen.weights, tensors);
  const pair = probe(frozen, promptLength(method));
  const difference = tf.tidy(() =>
    largestDifference(
      hidden(frozen, method, tensors, pair),
      hidden({ shape, weights: merged.weights }, merged.rest, tensors, pair),
    ),
  );
  disposeTree(pair);
  return { ...merged, difference };
}

/** Two texts of tokens spread over the vocabulary. */
function probe({ shape }: Frozen, prompt: number): TextPair {
  const sequence = (first: number, length: number) => ({
    ids: Array.from({ length }, (_, i) => 3 + ((first + 7919 * i) % (shape.vocabulary - 3))),
  });
  const batch = (sizes: readonly number[], prompt: number): Batch => {
    const sequences = sizes.map((size, i) => sequence(11 * i, size));
    return uploadBatch(packTogether(sequences, { prompt }));
  };
  return hasCrossAttention(shape)
    ? { source: batch([8, 5], prompt), target: batch([6, 3], 0) }
    : { target: batch([8, 5], prompt) };
}

function hidden(frozen: Frozen, method: Delta['method'], tensors: Tensors, pair: TextPair): Tensor {
  const run = adaptationFor(method, frozen.shape).apply(frozen, tensors, sequenceMeans(pair));
  return frozen.shape.decoderLayers === 0
    ? encode(run.frozen, pair.target, run.forward)
    : decodeText(run.frozen, pair, run.forward);
}
