import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf } from '../engine/tf';
import type { Backbone } from '../model/backbone';
import { decodeText, vocabularyLogits } from '../model/decoder';
import { Generator } from '../model/generation/generate';
import { noAdaptation, type Adaptation } from '../model/generation/reader';
import { greedy, type GenerationSettings } from '../model/generation/settings';
import { adaptationOf } from '../petl/forms/adaptation';
import { packedBatch, tinyModel } from '../petl/testing/fixtures';
import { parseMethod } from '../petl/design/written';
import { createDelta } from '../petl/bank/delta';
import { benchOf, moved } from './testing/bench';
import { invariant } from './testing/catalogue';
import { cells } from './testing/matrix';

const inputs = [
  [5, 17, 42, 8, 63],
  [60, 3, 85],
];
const special = { end: [], pad: 1, start: 2, forcedFirst: null, forcedLast: null };
const settings: GenerationSettings = { ...greedy, maxNewTokens: 6 };
const beams: GenerationSettings = {
  ...settings,
  search: { kind: 'beam', beams: 2, lengthPenalty: 1, earlyStopping: false },
};

const grid = (rows: readonly (readonly number[])[]): { readonly ids: number[][]; readonly mask: number[][] } => {
  const width = Math.max(...rows.map((row) => row.length));
  return {
    ids: rows.map((row) => [...row, ...Array.from({ length: width - row.length }, () => 1)]),
    mask: rows.map((row) => Array.from({ length: width }, (_, t) => (t < row.length ? 1 : 0))),
  };
};

const writers = ['gpt2', 'llama', 'bart', 't5'];
const methods = [
  'prefix:l=3',
  'prefix:l=3,positions=shifted',
  'prompt:l=3,positions=shifted',
  'mam:l=2,r=4',
  'mhpa:l=3',
  'ia3',
  'vlm:r=3',
  'segments:n=2',
  'unipelt:l=2,r=2,m=3,gate=token',
  'prompt:l=3',
  'layernorm+dora:r=2',
  'houlsby:m=3',
  'vera:r=4',
];

/** Greedy tokens, every step from the start. */
function wholeText(model: Backbone, { apply, tensors, prompt }: Adaptation): number[][] {
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
      const best = tf
        .argMax(vocabularyLogits(frozen, decodeText(frozen, pair, { ...forward, read: 'last' })), 1)
        .dataSync();
      best.forEach((token, r) => {
        tokens[r]?.push(token);
        texts[r]?.push(token);
      });
    });
  }
  return tokens;
}

invariant(36, () => {
  it.each(cells(writers, methods))('%s, %s', async (family, written) => {
    const { model } = benchOf(family);
    const delta = moved(benchOf(family), written, 6, 0.4);
    const adaptation = adaptationOf(delta);
    const before = live().tensors;
    const generator = new Generator(model, adaptation, { engine: written === 'prefix:l=3' ? 'compiled' : 'eager' });
    const found = await generator.generate(inputs, { settings, special });
    expect(found.map(({ tokens }) => tokens)).toEqual(wholeText(model, adaptation));
    const alone = await generator.generate([inputs[1] ?? []], { settings: beams, special });
    const both = await generator.generate(inputs, { settings: beams, special });
    expect(both[1]?.tokens).toEqual(alone[0]?.tokens);
    generator.dispose();
    expect(live().tensors).toBe(before);
    delta.dispose();
  });

  it.each(cells(writers, ['prefix:l=3', 'prompt:l=3', 'mam:l=2,r=4']))(
    '%s, %s: the first token knows of the method',
    async (family, written) => {
      const { model } = benchOf(family);
      const delta = moved(benchOf(family), written, 6, 1.5);
      const first = async (adaptation: Adaptation): Promise<number | null | undefined> => {
        const generator = new Generator(model, adaptation, { engine: 'eager' });
        const [found] = await generator.generate([inputs[0] as number[]], {
          settings: { ...beams, maxNewTokens: 1 },
          special,
        });
        generator.dispose();
        return found?.score;
      };
      expect(await first(adaptationOf(delta))).not.toBeCloseTo((await first(noAdaptation)) ?? NaN, 3);
      delta.dispose();
    },
  );
});

describe('positions that a method takes', () => {
  const models = new Map<string, Backbone>();
  beforeAll(() => {
    for (const family of ['gpt2', 'bart']) models.set(family, tinyModel(family));
  });
  afterAll(() => {
    for (const model of models.values()) model.dispose();
  });

  it.each([
    ['gpt2', 'prefix:l=5,positions=shifted', 30],
    ['gpt2', 'prompt:l=5,positions=shifted', 30],
    ['gpt2', 'prefix:l=5', 35],
    ['bart', 'point:site=attn.heads,form=prefix,l=5,positions=shifted,stacks=decoder', 34],
  ] as const)('%s, %s: %i new tokens are what fits', async (family, written, most) => {
    const model = models.get(family) as Backbone;
    const delta = createDelta(parseMethod(written), model.shape, model.weights, 6);
    const generator = new Generator(model, adaptationOf(delta), { engine: 'eager' });
    const fits = await generator.generate([[5, 17, 42, 8, 63]], {
      settings: { ...settings, maxNewTokens: most },
      special,
    });
    expect(fits[0]?.tokens.length).toBe(most);
    await expect(
      generator.generate([[5, 17, 42, 8, 63]], { settings: { ...settings, maxNewTokens: most + 1 }, special }),
    ).rejects.toThrow(/41 positions are needed/);
    generator.dispose();
    delta.dispose();
  });
});
