import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import type { Backbone } from '../model/backbone';
import { decodeText, type TextPair } from '../model/decoder';
import { encode, plainForward } from '../model/encoder';
import { hasCrossAttention } from '../model/shapes';
import { createDelta, weightsWith } from './delta';
import { largestDifference, merge } from './merge';
import { visitFor } from './modify';
import { packedBatch, tinyModel } from './testing/fixtures';
import { perturbed } from './testing/tiny';
import { parseMethod } from './written';

const ids = [[5, 17, 42, 8, 63, 2, 77], [60, 3, 85, 9, 0, 0, 0]];
const mask = [[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0]];

/** Method, how much of it merges. */
const cases: readonly (readonly [string, 'all' | 'part' | 'none'])[] = [
  ['lora:r=4', 'all'], ['lora-ffn:r=4', 'all'], ['rslora:r=4', 'all'], ['lora-fa:r=4', 'all'], ['dora:r=4', 'all'], ['pissa:r=4', 'all'], ['vera:r=8', 'all'], ['adalora:r=4', 'all'],
  ['ia3', 'all'], ['ia3:form=adapters', 'all'], ['ia3:form=peft-bert', 'all'], ['ia3+lora-ffn:r=2', 'all'], ['lora-ffn:r=2+ia3', 'all'], ['full', 'all'], ['layernorm', 'all'],
  ['point:site=ffn.up,form=identity,r=3,init=lora,bias=no,s=learned', 'all'],
  ['lora:r=4+prefix:l=3', 'part'], ['ia3:form=peft-bert+pa-attn:r=4', 'part'], ['mhpa:l=3,query=normed+lora:r=2', 'part'],
  ['houlsby:m=4', 'part'], ['houlsby:m=4,norms=frozen', 'none'], ['prefix:l=3', 'none'], ['pa-ffn:r=4', 'none'], ['unipelt:l=2,r=2,m=2,gate=token', 'none'],
];

describe.each(['bert', 'bart', 'llama'])('merging into a tiny %s', (family) => {
  let model: Backbone;
  let text: TextPair;
  beforeAll(() => {
    model = tinyModel(family);
    text = hasCrossAttention(model.shape) ? { source: packedBatch(ids, mask), target: packedBatch([[4, 9, 3], [8, 2, 1]], [[1, 1, 1], [1, 1, 0]]) } : { target: packedBatch(ids, mask) };
  });
  afterAll(() => { model.dispose(); tf.dispose(text); });

  const run = (weights: Backbone['weights'], visit = plainForward.visit): Tensor => {
    const frozen = { shape: model.shape, weights };
    return model.shape.decoderLayers === 0 ? encode(frozen, text.target, { ...plainForward, visit }) : decodeText(frozen, text, { ...plainForward, visit });
  };

  it.each(cases)('%s', (written, extent) => {
    const method = parseMethod(written);
    const delta = createDelta(method, model.shape, model.weights, 2);
    delta.assign(perturbed(delta.variables, 0.1, 9));
    const tensors = { ...delta.variables, ...delta.constants };
    const before = live().tensors;
    const merged = merge(method, model.shape, model.weights, tensors);
    expect(live().tensors - before).toBeLessThanOrEqual(merged.changed.length); // clones of trained weights share memory
    const [together, apart, base, again] = tf.tidy(() => [
      run(merged.weights, visitFor(merged.rest, model.shape, tensors, { noise: undefined })),
      run(weightsWith(model.weights, delta.variables), visitFor(method, model.shape, tensors, { noise: undefined })),
      run(model.weights), run(model.weights),
    ]) as [Tensor, Tensor, Tensor, Tensor];
    expect(largestDifference(together, apart)).toBeLessThan(2e-5);
    expect(largestDifference(apart, base)).toBeGreaterThan(1e-3);
    expect(largestDifference(base, again)).toBe(0); // the frozen weights are untouched: unmerged means using them
    const left = merged.rest.modifications.length;
    if (extent === 'all') expect(left).toBe(0);
    if (extent === 'part') expect(merged.changed.length > 0 && left > 0).toBe(true);
    if (extent === 'none') expect(merged.changed).toEqual([]);
    for (const name of merged.changed) merged.weights[name]?.dispose();
    delta.dispose();
    tf.dispose([together, apart, base, again]);
  });

  it('merging NaN is refused and leaves the base alone', () => {
    const method = parseMethod('lora:r=2');
    const delta = createDelta(method, model.shape, model.weights, 2);
    const [name] = Object.keys(delta.variables) as [string];
    const before = live().tensors;
    const broken = { ...delta.variables, [name]: tf.mul(delta.variables[name] as Tensor, NaN) };
    expect(() => merge(method, model.shape, model.weights, broken)).toThrow(new RegExp(`lora:r=2 was not merged: ${name.replace(/\./g, '\\.')} holds NaN`));
    broken[name]?.dispose();
    expect(live().tensors).toBe(before);
    delta.dispose();
  });
});
