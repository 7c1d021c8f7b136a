import { afterAll } from 'vitest';
import { live } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import type { Backbone } from '../../model/backbone';
import { decodeText, vocabularyLogits, type TextPair } from '../../model/decoder';
import { encode } from '../../model/encoder';
import { plainForward, type Forward, type Frozen } from '../../model/forward';
import { sequenceMeans } from '../../model/heads';
import { hasCrossAttention } from '../../model/shapes';
import { adaptationFor } from '../../petl/forms/adaptation';
import { createDelta, type Delta } from '../../petl/bank/delta';
import { promptLength } from '../../petl/forms/modify';
import { packedBatch, tinyModel } from '../../petl/testing/fixtures';
import { gradients, perturbed, probeLoss, realOnly } from '../../petl/testing/tiny';
import { parseMethod } from '../../petl/design/written';

/** A tiny model with two texts, one of them padded. */
export interface Bench {
  readonly model: Backbone;
  text(prompt: number): TextPair;
  /**
   * Last hidden states, or logits where the output table is a weight of its own: rows of real tokens, zeros elsewhere.
   */
  run(frozen: Frozen, forward: Partial<Forward>, prompt?: number): Tensor;
  /** The same under a delta; `variables` stand in for its own. */
  outputs(delta: Pick<Delta, 'method' | 'shape' | 'variables' | 'constants'>, variables?: Tensors): Tensor;
  /** A fixed weighting of all outputs and their squares. */
  loss(delta: Delta, variables: Tensors): tf.Scalar;
  value(delta: Delta, variables?: Tensors): number;
  slopes(delta: Delta): Readonly<Record<string, Tensor | null>>;
}

/** The last words of the table are counted from its end: those are the rows that a method may train. */
const ids = [
  [5, 17, 42, 8, -1],
  [60, 3, -2, 0, 0],
];
const mask = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0],
];
const benches = new Map<string, Bench>();

/** The bench of an architecture, kept for the file. */
export function benchOf(family: string): Bench {
  const known = benches.get(family);
  if (known !== undefined) return known;
  const made = newBench(family);
  benches.set(family, made);
  return made;
}

afterAll(() => {
  for (const { model } of benches.values()) model.dispose();
  benches.clear();
});

function newBench(family: string): Bench {
  const model = tinyModel(family);
  const texts = new Map<number, TextPair>();
  const text = (prompt: number): TextPair => {
    const own = texts.get(prompt) ?? textWith(model, prompt);
    texts.set(prompt, own);
    return own;
  };
  for (const slots of [0, 2, 3]) text(slots); // made outside every tidy
  const run: Bench['run'] = (frozen, forward, prompt = 0) => runOn(frozen, text(prompt), forward);
  const outputs: Bench['outputs'] = (delta, variables = delta.variables) =>
    outputsOn({ model }, delta, variables, text(promptLength(delta.method)));
  const loss: Bench['loss'] = (delta, variables) => {
    const states = outputs(delta, variables);
    return tf.add(probeLoss(states), tf.mul(0.25, tf.sum(tf.square(states)))) as tf.Scalar;
  };
  const value: Bench['value'] = (delta, variables = delta.variables) =>
    tf.tidy(() => loss(delta, variables).dataSync()[0] as number);
  const slopes: Bench['slopes'] = (delta) => gradients((variables) => loss(delta, variables), delta.variables);
  return { model, text, run, outputs, loss, value, slopes };
}

function runOn(frozen: Frozen, pair: TextPair, forward: Partial<Forward>): Tensor {
  const how = { ...plainForward, ...forward };
  const states = frozen.shape.decoderLayers === 0 ? encode(frozen, pair.target, how) : decodeText(frozen, pair, how);
  return realOnly(frozen.shape.output.kind === 'own' ? vocabularyLogits(frozen, states) : states, pair.target);
}

/** What a model computes of any texts under a delta. */
export function outputsOn(
  { model }: Pick<Bench, 'model'>,
  { method, shape, constants }: Pick<Delta, 'method' | 'shape' | 'constants'>,
  variables: Tensors,
  pair: TextPair,
): Tensor {
  const { frozen, forward } = adaptationFor(method, shape).apply(
    model,
    { ...constants, ...variables },
    sequenceMeans(pair),
  );
  return runOn(frozen, pair, forward);
}

function textWith({ shape }: Backbone, prompt: number): TextPair {
  const known = ids.map((row) => row.map((id) => (id + shape.vocabulary) % shape.vocabulary));
  const own = packedBatch(known, mask, prompt);
  return hasCrossAttention(shape)
    ? {
        source: own,
        target: packedBatch(
          [
            [97, 9, 3],
            [8, 2, 0],
          ],
          [
            [1, 1, 1],
            [1, 1, 0],
          ],
        ),
      }
    : { target: own };
}

/** A delta whose tensors have moved away from their start, so that nothing hides behind a zero. */
export function moved({ model }: Bench, written: string, seed = 5, std = 0.05): Delta {
  const delta = createDelta(parseMethod(written), model.shape, model.weights, seed);
  const first = delta.variables;
  delta.assign(perturbed(first, std, 3 + seed));
  return delta;
}

/** Largest absolute difference of what two functions compute. */
export function gap(a: () => Tensor, b: () => Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a(), b()))).dataSync()[0] as number);
}

/** Runs `body` and checks that it leaves as many tensors as it found. */
export function leavesNothing(body: () => void): number {
  const before = live().tensors;
  body();
  return live().tensors - before;
}

/** Copies that the caller owns. */
export function copied(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.clone()]));
}
