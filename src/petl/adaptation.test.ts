import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf } from '../engine/tf';
import type { Backbone } from '../model/backbone';
import { decodeText, vocabularyLogits } from '../model/decoder';
import { Generator } from '../model/generation/generate';
import { greedy, type GenerationSettings } from '../model/generation/settings';
import { adaptationOf } from './adaptation';
import { createDelta } from './delta';
import { packedBatch, tinyModel } from './testing/fixtures';
import { perturbed } from './testing/tiny';
import { parseMethod } from './written';

const inputs = [[5, 17, 42, 8, 63], [60, 3, 85]];
const special = { end: [], pad: 1, start: 2, forcedFirst: null, forcedLast: null };
const settings: GenerationSettings = { ...greedy, maxNewTokens: 6 };

const grid = (rows: readonly (readonly number[])[]): { readonly ids: number[][]; readonly mask: number[][] } => {
  const width = Math.max(...rows.map((row) => row.length));
  return { ids: rows.map((row) => [...row, ...Array.from({ length: width - row.length }, () => 1)]), mask: rows.map((row) => Array.from({ length: width }, (_, t) => (t < row.length ? 1 : 0))) };
};

describe.each(['gpt2', 'llama', 'bart', 't5'])('generation with methods on a tiny %s', (family) => {
  let model: Backbone;
  beforeAll(() => { model = tinyModel(family); });
  afterAll(() => { model.dispose(); });

  it.each(['prefix:l=3', 'prefix:l=3,positions=shifted', 'prompt:l=3,positions=shifted', 'mam:l=2,r=4', 'mhpa:l=3', 'ia3', 'vlm:r=3', 'unipelt:l=2,r=2,m=3,gate=token', 'prompt:l=3', 'layernorm+dora:r=2'])('%s: cached steps equal reading the whole text again; beams too', async (written) => {
    const method = parseMethod(written);
    const delta = createDelta(method, model.shape, model.weights, 6);
    delta.assign(perturbed(delta.variables, 0.4, 2));
    const adaptation = adaptationOf(delta);
    const before = live().tensors;
    const generator = new Generator(model, adaptation, { engine: written === 'prefix:l=3' ? 'compiled' : 'eager' });
    const found = await generator.generate(inputs, { settings, special });
    expect(found.map(({ tokens }) => tokens)).toEqual(wholeText(model, adaptation));
    const alone = await generator.generate([inputs[1] ?? []], { settings: { ...settings, search: { kind: 'beam', beams: 2, lengthPenalty: 1, earlyStopping: false } }, special });
    const both = await generator.generate(inputs, { settings: { ...settings, search: { kind: 'beam', beams: 2, lengthPenalty: 1, earlyStopping: false } }, special });
    expect(both[1]?.tokens).toEqual(alone[0]?.tokens);
    generator.dispose();
    expect(live().tensors).toBe(before);
    delta.dispose();
  });
});

describe('positions that a method takes', () => {
  it.each([['gpt2', 'prefix:l=5,positions=shifted', 30], ['gpt2', 'prompt:l=5,positions=shifted', 30], ['gpt2', 'prefix:l=5', 35], ['bart', 'point:site=attn.heads,form=prefix,l=5,positions=shifted,stacks=decoder', 34]] as const)(
    '%s, %s: %i new tokens are what fits', async (family, written, most) => {
      const model = tinyModel(family);
      const delta = createDelta(parseMethod(written), model.shape, model.weights, 6);
      const generator = new Generator(model, adaptationOf(delta), { engine: 'eager' });
      const fits = await generator.generate([[5, 17, 42, 8, 63]], { settings: { ...settings, maxNewTokens: most }, special });
      expect(fits[0]?.tokens.length).toBe(most);
      await expect(generator.generate([[5, 17, 42, 8, 63]], { settings: { ...settings, maxNewTokens: most + 1 }, special })).rejects.toThrow(/41 positions are needed/);
      generator.dispose();
      delta.dispose();
      model.dispose();
    });
});

/** Greedy tokens, every step from the start. */
function wholeText(model: Backbone, { apply, tensors, prompt }: ReturnType<typeof adaptationOf>): number[][] {
  const decoderOnly = model.shape.encoderLayers === 0;
  const texts = inputs.map((ids) => (decoderOnly ? [...ids] : [special.start]));
  const tokens: number[][] = inputs.map(() => []);
  for (let step = 0; step < settings.maxNewTokens; step++) {
    tf.tidy(() => {
      const { frozen, forward } = apply(model, tensors);
      const own = grid(texts);
      const source = grid(inputs);
      const target = packedBatch(own.ids, own.mask, decoderOnly ? prompt : 0);
      const pair = decoderOnly ? { target } : { source: packedBatch(source.ids, source.mask, prompt), target };
      const best = tf.argMax(vocabularyLogits(frozen, decodeText(frozen, pair, { ...forward, read: 'last' })), 1).dataSync();
      best.forEach((token, r) => { tokens[r]?.push(token); texts[r]?.push(token); });
    });
  }
  return tokens;
}
