import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { uploadBatch, type Batch } from '../../model/batch';
import { decodeText, vocabularyLogits } from '../../model/decoder';
import { encode } from '../../model/encoder';
import { noAdaptation, type Adaptation } from '../../model/generation/reader';
import { classify, sequenceMeans } from '../../model/heads';
import { packSequences, rowsNeeded } from '../../model/packing';
import type { ModelShape } from '../../model/shape';
import { hasCrossAttention } from '../../model/shapes';
import type { Delta } from '../bank/delta';
import { adaptationOf } from '../forms/adaptation';
import type { FrozenModel } from './base';

/** An adapter as it runs, with the head of a classifier. */
export interface Probed {
  readonly delta: Pick<Delta, 'method' | 'shape' | 'variables' | 'constants'>;
  readonly head: Tensors;
}

/** Tokens of the two texts that adapters are compared on; of different lengths, for what sees sequences. */
const lengths = [7, 4] as const;

/** Of an adapter's effect: far below what any part of it makes, far above rounding. */
export const same: number = 1e-2;

/**
 * How far two adapters' outputs are apart on the model, in units of what the first changes; rounding of other orders of
 * the same sums, relative to the outputs, is taken off.
 */
export function apart(a: Probed, b: Probed, model: FrozenModel): number {
  const [ours, theirs, plain] = [outputsOf(a, model), outputsOf(b, model), outputsOf(undefined, model)];
  const furthest = (x: Float32Array, y: Float32Array): number =>
    x.length === y.length ? x.reduce((most, value, i) => worst(most, Math.abs(value - (y[i] as number))), 0) : Infinity;
  const size = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const effect = plain.length === ours.length ? furthest(ours, plain) : size;
  const gap = furthest(ours, theirs) - rounding * size;
  return gap <= 0 ? 0 : gap / Math.max(effect, rounding * size);
}

const rounding = 1e-5;
const worst = (a: number, b: number): number => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b));

/** Logits, hidden states, or a head's classes of all tokens. */
function outputsOf(given: Probed | undefined, { shape, weights }: FrozenModel): Float32Array {
  const adaptation: Adaptation = given === undefined ? noAdaptation : adaptationOf(given.delta as Delta);
  const [source, target] = [textOf(shape, adaptation, 3), textOf(shape, { ...adaptation, prompt: 0 }, 5)];
  const pair = hasCrossAttention(shape) ? { source, target } : { target: source };
  const values = tf.tidy((): Tensor => {
    const { frozen, forward } = adaptation.apply({ shape, weights }, adaptation.tensors, sequenceMeans(pair));
    if (shape.decoderLayers > 0) return real(vocabularyLogits(frozen, decodeText(frozen, pair, forward)), pair.target);
    const hidden = real(encode(frozen, source, forward), source);
    if (given === undefined || given.head['head.weight'] === undefined) return hidden;
    return tf.concat([tf.reshape(hidden, [-1]), tf.reshape(classify(hidden, given.head, 0, undefined), [-1])]);
  });
  const read = values.dataSync() as Float32Array;
  values.dispose();
  disposeTree(source);
  disposeTree(target);
  return read;
}

/** The rows of tokens: those of prompts and fillers are nobody's output. */
function real(rows: Tensor, { sequences }: Batch): Tensor {
  const owners = [...sequences.dataSync()].flatMap((owner, row) => (owner < 0 ? [] : [row]));
  return tf.gather(rows, tf.tensor1d(owners, 'int32'));
}

/** Token ids spread over the vocabulary. Shorter where the model has few positions. */
function textOf(
  { vocabulary, positions }: ModelShape,
  { prompt, firstPositions = {} }: Adaptation,
  step: number,
): Batch {
  const first = Math.max(0, ...Object.values(firstPositions));
  const room = positions.kind === 'learned' ? Math.max(1, positions.rows - positions.offset - first) : Infinity;
  const sequences = lengths.map((length, text) => {
    const ids = Array.from({ length: Math.min(length, room) }, (_, i) =>
      Math.floor((((i + text) * step + 2) % 23) * (vocabulary / 23)),
    );
    return { ids, types: ids.map(() => 0) };
  });
  const spans = sequences.map(({ ids }) => ids.length + prompt);
  const longest = Math.max(...spans);
  return uploadBatch(packSequences(sequences, { lengths: [longest], size: rowsNeeded(spans, [longest]), prompt }));
}
