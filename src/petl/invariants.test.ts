import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Backbone } from '../model/backbone';
import { decodeText, vocabularyLogits, type TextPair } from '../model/decoder';
import { encode, plainForward } from '../model/encoder';
import { sequenceMean } from '../model/heads';
import { hasCrossAttention, layersOf, stacksOf } from '../model/shapes';
import { count } from './count';
import { createDelta, weightsWith, type Delta } from './delta';
import { fingerprint, stillTensors } from './guards';
import { promptLength, promptOf, visitFor } from './modify';
import { unreachedTensors } from './reach';
import { packedBatch, tinyModel } from './testing/fixtures';
import { gradients, perturbed, probeLoss, realOnly } from './testing/tiny';
import { variablesOf } from './variables';
import { parseMethod } from './written';

// Invariants of the peers' catalogue across methods and architectures; numbers in brackets are its.
const families = ['bert', 'gpt2', 'llama', 'bart', 'mbart', 't5', 't5-v1-1'];
const methods = ['full', 'layernorm', 'top:k=1', 'prompt:l=2', 'prefix:l=3', 'prefix:l=2,mlp=4', 'lora:r=2', 'lora-ffn:r=2', 'sa-attn:r=9', 'pa-attn:r=9', 'pa-ffn:r=9,s=learned', 'mhpa:l=9', 'mhpa:l=9,query=normed',
  'houlsby:m=3', 'pfeiffer:r=9', 'mam:l=2,r=9', 'dora:r=2', 'pissa:r=2', 'vera:r=4', 'adalora:r=2', 'ia3', 'compacter:r=4,n=2', 'unipelt:l=2,r=2,m=9', 'adapterdrop:r=9,first=1', 'vlm:r=9,rows=3'];

describe.each(families)('a tiny %s', (family) => {
  let model: Backbone;
  let texts: Map<number, TextPair>;
  let whole: string;
  beforeAll(() => {
    model = tinyModel(family);
    whole = fingerprint(model.weights);
    texts = new Map([0, 2].map((slots) => [slots, textWith(slots)]));
  });
  afterAll(() => { model.dispose(); tf.dispose([...texts.values()]); });

  function textWith(slots: number): TextPair {
    const own = packedBatch([[5, 17, 42, 8, 99], [60, 3, 98, 0, 0]], [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], slots);
    return hasCrossAttention(model.shape) ? { source: own, target: packedBatch([[97, 9, 3], [8, 2, 0]], [[1, 1, 1], [1, 1, 0]]) } : { target: own };
  }

  function outputs({ method, constants }: Delta, variables: Tensors): Tensor {
    const text = texts.get(promptLength(method)) as TextPair;
    const batch = text.source ?? text.target;
    const tensors = { ...constants, ...variables };
    const rows = (x: Tensor): Tensor => sequenceMean(x, x.shape[0] === batch.sequences.shape[0] ? batch : text.target);
    const forward = { ...plainForward, visit: visitFor(method, model.shape, tensors, { noise: undefined, sequenceMean: rows }), prompt: promptOf(method, tensors) };
    const frozen = { shape: model.shape, weights: weightsWith(model.weights, variables) };
    const states = model.shape.decoderLayers === 0 ? encode(frozen, text.target, forward) : decodeText(frozen, text, forward);
    return realOnly(model.shape.output.kind === 'own' ? vocabularyLogits(frozen, states) : states, text.target);
  }

  const loss = (delta: Delta, variables: Tensors): tf.Scalar => {
    const states = outputs(delta, variables);
    return tf.add(probeLoss(states), tf.mul(0.25, tf.sum(tf.square(states)))) as tf.Scalar;
  };
  const value = (delta: Delta, variables: Tensors): number => tf.tidy(() => loss(delta, variables).dataSync()[0] as number);

  it.each(methods)('%s: counted, differentiable, trains alone, leaks nothing [6, 11, 12, 14, 17, 18, 24]', (written) => {
    const before = live().tensors;
    const method = parseMethod(written);
    const delta = createDelta(method, model.shape, model.weights, 5);
    delta.assign(perturbed(delta.variables, 0.05, 3));
    expect(Object.values(delta.variables).reduce((sum, { size }) => sum + size, 0)).toBe(count(method, model.shape).trained); // [14]
    if (!written.startsWith('dora')) expect(slope(delta)).toBeLessThan(0.05); // [17]; DoRA's norm is without gradient by definition
    const start = Object.fromEntries(Object.entries(delta.variables).map(([name, w]) => [name, w.clone()]));
    const first = value(delta, delta.variables);
    for (let step = 0; step < 3; step++) descend(delta);
    expect(value(delta, delta.variables)).toBeLessThan(first); // [18]
    expect(stillTensors(method, model.shape, start, delta.variables)).toEqual([]); // [12], and every counted tensor took part [13]
    expect(fingerprint(model.weights)).toBe(whole); // [12]: frozen weights are bit for bit as they were
    tf.dispose(start);
    delta.dispose();
    expect(live().tensors).toBe(before); // [24]
  });

  /** Steps against the gradient, as long as the loss allows. */
  function descend(delta: Delta): void {
    const at = value(delta, delta.variables);
    const found = slopes(delta);
    for (let rate = 1e-2; rate > 1e-7; rate /= 4) {
      const next = Object.fromEntries(Object.entries(delta.variables).map(([name, w]) => [name, tf.tidy(() => tf.sub(w, tf.mul(found[name] as Tensor, rate)))]));
      if (value(delta, next) < at) { delta.assign(next); break; }
      tf.dispose(next);
    }
    tf.dispose(found);
  }

  function slopes(delta: Delta): Tensors {
    const found = gradients((variables) => loss(delta, variables), delta.variables);
    expect(Object.entries(found).filter(([, gradient]) => gradient === null)).toEqual([]); // [11]
    return found as Tensors;
  }

  /** Relative gap between the gradient's length and the central difference along it. */
  function slope(delta: Delta): number {
    const found = slopes(delta);
    const length = tf.tidy(() => Math.sqrt(Object.values(found).reduce((sum, g) => sum + (tf.sum(tf.square(g)).dataSync()[0] as number), 0)));
    const at = (step: number): number => {
      const moved = Object.fromEntries(Object.entries(delta.variables).map(([name, w]) => [name, tf.tidy(() => tf.add(w, tf.mul(found[name] as Tensor, step / length)))]));
      const there = value(delta, moved);
      tf.dispose(moved);
      return there;
    };
    const gaps = [3e-3, 1e-3, 3e-4].map((step) => Math.abs((at(step) - at(-step)) / (2 * step) - length) / length);
    tf.dispose(found);
    return Math.min(...gaps);
  }

  it('a step of LoRA changes only LoRA, in each layer of each stack [6]', () => {
    const names = variablesOf(parseMethod('lora:r=2'), model.shape).map(({ name }) => name);
    const stacks = stacksOf(model.shape).flatMap((stack) => Array.from({ length: layersOf(model.shape, stack) }, (_, layer) => `${stack}.${layer}`));
    const attentions = stacks.flatMap((at) => (at.startsWith('decoder') && hasCrossAttention(model.shape) ? [`${at}.attn`, `${at}.cross`] : [`${at}.attn`]));
    expect([...names].sort()).toEqual(attentions.flatMap((at) => ['query', 'value'].flatMap((part) => [`${at}.${part}.bottleneck.down`, `${at}.${part}.bottleneck.up`])).sort());
    expect(unreachedTensors(parseMethod('lora:r=2'), model.shape).size).toBe(0);
  });
}, 120_000);
