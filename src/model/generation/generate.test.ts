import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linear, matmul, relu } from '../../engine/layers';
import { live } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { loadBackbone, type Backbone } from '../backbone';
import { decodeText, vocabularyLogits } from '../decoder';
import { plainForward } from '../forward';
import { batchOf, expectedOf, folderOf, realTokens, tensorsOf, type GenerationCase } from '../fixtures/tiny';
import type { SpecialIds } from '../special';
import { Generator } from './generate';
import { noAdaptation, type Adaptation } from './reader';
import type { GenerationSettings } from './settings';

/** LoRA and a sequential adapter, as scripts/fixtures/hooked.py hooks them in. */
function adapted(tensors: Tensors, scale: number): Adaptation {
  return {
    tensors,
    prompt: 0,
    apply: (frozen, own) => ({
      frozen,
      forward: {
        ...plainForward,
        visit: ({ site, stack, layer, input, output }) => {
          const [down, up, downBias, upBias] = ['down', 'up', 'downBias', 'upBias'].map(
            (part): Tensor | undefined => own[`${stack}.${layer}.${site}.${part}`],
          );
          if (down === undefined || up === undefined) return output;
          if (downBias === undefined) return tf.add(output, tf.mul(matmul(matmul(input, down), up), scale));
          return tf.add(output, linear(relu(linear(output, down, downBias)), up, upBias));
        },
      },
    }),
  };
}

function settingsOf({
  beams,
  lengthPenalty,
  noRepeatNgram,
  minNewTokens,
  maxNewTokens,
}: GenerationCase): GenerationSettings {
  const search =
    beams === 1
      ? ({ kind: 'greedy' } as const)
      : ({ kind: 'beam', beams, lengthPenalty, earlyStopping: false } as const);
  return { search, noRepeatNgram, minNewTokens, maxNewTokens };
}

function specialOf({ eos, pad, start, forcedFirst }: GenerationCase): SpecialIds {
  return { end: [eos], pad, start, forcedFirst, forcedLast: null };
}

describe.each(['gpt2', 'llama', 'bart', 'mbart', 't5', 't5-v1-1'])('tiny %s', (family) => {
  const { generations, adapter } = expectedOf(family);
  let model: Backbone;
  let plain: Generator;
  let withMethod: Generator;
  let tensors: Tensors;
  beforeAll(() => {
    model = loadBackbone(folderOf(family));
    tensors = tensorsOf(adapter.weights);
    plain = new Generator(model);
    withMethod = new Generator(model, adapted(tensors, adapter.scale));
  });
  afterAll(() => {
    plain.dispose();
    withMethod.dispose();
    model.dispose();
    tf.dispose(tensors);
  });

  it.each(generations.map((g) => [g.name, g.adapter ? 'with a method' : 'frozen', g] as const))(
    '%s, %s: token for token as transformers',
    async (_, __, test) => {
      const generator = test.adapter ? withMethod : plain;
      const found = await generator.generate(realTokens(test.ids, test.mask), {
        settings: settingsOf(test),
        special: specialOf(test),
      });
      expect(found.map(({ tokens }) => tokens)).toEqual(test.tokens);
      test.scores?.forEach((score, i) => {
        expect(found[i]?.score).toBeCloseTo(score, 4);
      });
    },
  );

  it('cached steps equal reading the whole text again', async () => {
    const test = generations.find((g) => g.name === 'greedy' && g.adapter) as GenerationCase;
    const apply = adapted(tensors, adapter.scale).apply(model, tensors);
    const inputs = realTokens(test.ids, test.mask);
    const texts = inputs.map((ids) => (model.shape.encoderLayers === 0 ? [...ids] : [test.start ?? 0]));
    const tokens: number[][] = texts.map(() => []);
    for (let step = 0; step < test.maxNewTokens; step++) {
      tf.tidy(() => {
        const width = Math.max(...texts.map((t) => t.length));
        const grid = (rows: readonly number[][]): number[][] =>
          rows.map((row) => [...row, ...Array.from({ length: width - row.length }, () => 0)]);
        const target = batchOf(grid(texts), grid(texts.map((t) => t.map(() => 1))));
        const pair = model.shape.encoderLayers === 0 ? { target } : { source: batchOf(test.ids, test.mask), target };
        const best = tf
          .argMax(vocabularyLogits(apply.frozen, decodeText(apply.frozen, pair, { ...apply.forward, read: 'last' })), 1)
          .dataSync();
        best.forEach((token, r) => {
          tokens[r]?.push(token);
          texts[r]?.push(token);
        });
      });
    }
    const cached = await withMethod.generate(inputs, {
      settings: settingsOf(test),
      special: { ...specialOf(test), end: [], forcedFirst: null },
    });
    expect(cached.map((c) => c.tokens)).toEqual(tokens);
  });

  it('a row alone gives what it gives in a batch, and nothing is left behind', async () => {
    const test = generations.find((g) => g.name === 'beam' && !g.adapter) as GenerationCase;
    const options = { settings: settingsOf(test), special: specialOf(test) };
    const [, second = []] = realTokens(test.ids, test.mask);
    await plain.generate([second], options);
    const before = live();
    expect((await plain.generate([second], options))[0]?.tokens).toEqual(test.tokens[1]);
    expect(live()).toEqual(before);
  });
});

describe('generation', () => {
  let model: Backbone;
  let generator: Generator;
  const special: SpecialIds = { end: [2], pad: 1, start: null, forcedFirst: null, forcedLast: null };
  const settings: GenerationSettings = {
    search: { kind: 'greedy' },
    maxNewTokens: 12,
    minNewTokens: 0,
    noRepeatNgram: 0,
  };
  beforeAll(() => {
    model = loadBackbone(folderOf('llama'));
    generator = new Generator(model);
  });
  afterAll(() => {
    generator.dispose();
    model.dispose();
  });

  it('samples the same for the same seed, otherwise for another; low temperature is greedy', async () => {
    const draw = async (seed: number, temperature: number, topK = 0, topP = 1) =>
      (
        await generator.generate([[5, 6, 7]], {
          special,
          settings: { ...settings, search: { kind: 'sample', temperature, topK, topP, seed } },
        })
      )[0]?.tokens;
    const [greedy] = await generator.generate([[5, 6, 7]], { special, settings });
    expect(await draw(1, 1)).toEqual(await draw(1, 1));
    expect(await draw(1, 1)).not.toEqual(await draw(2, 1));
    expect(await draw(3, 0.001)).toEqual(greedy?.tokens);
    expect(await draw(3, 1, 1)).toEqual(greedy?.tokens);
    expect(await draw(3, 1, 0, 1e-9)).toEqual(greedy?.tokens);
  });

  it('samples copies of a text from one reading as it samples the text given so often', async () => {
    const inputs = [
      [5, 6, 7, 11],
      [9, 8],
    ] as const;
    const how = {
      special,
      settings: { ...settings, search: { kind: 'sample', temperature: 1, topK: 0, topP: 1, seed: 4 } },
    } as const;
    const copies = await generator.generate(inputs, { ...how, copies: 3 });
    const apart = await generator.generate(
      inputs.flatMap((ids) => [ids, ids, ids]),
      how,
    );
    expect(copies).toEqual(apart);
    expect(new Set(copies.slice(0, 3).map(({ tokens }) => tokens.join())).size).toBeGreaterThan(1);
    await expect(generator.generate(inputs, { special, settings, copies: 2 })).rejects.toThrow(
      /are alike: sample them/,
    );
    await expect(generator.generate(inputs, { ...how, copies: 0 })).rejects.toThrow(/copies is 0/);
  });

  it('hands tokens over as they come', async () => {
    const came: number[][] = [[], []];
    const found = await generator.generate(
      [
        [5, 6, 7],
        [9, 8],
      ],
      {
        special,
        settings,
        onToken: (row, token) => {
          came[row]?.push(token);
        },
      },
    );
    expect(came).toEqual(found.map(({ tokens }) => tokens));
  });

  it('grows its cache without changing what it says; what fits its first size needs no second program', async () => {
    const write = async (by: Generator, maxNewTokens: number) =>
      by.generate([[5, 6, 7]], { special: { ...special, end: [] }, settings: { ...settings, maxNewTokens } });
    const [fast, eager] = [new Generator(model), new Generator(model, noAdaptation, { engine: 'eager' })];
    const before = live().programs;
    const long = await write(fast, 270);
    expect(long[0]?.tokens).toHaveLength(270);
    expect(live().programs - before).toBe(3); // the prompt, 256 slots, more slots
    expect(await write(eager, 270)).toEqual(long);
    const other = new Generator(model);
    expect((await write(other, 100))[0]?.tokens).toEqual(long[0]?.tokens.slice(0, 100));
    expect(live().programs - before).toBe(5);
    for (const made of [fast, eager, other]) made.dispose();
  });

  it("writes the same with weights held in bfloat16, which the checkpoint's are", async () => {
    const half = loadBackbone(folderOf('llama'), undefined, 'bfloat16');
    const [exact, rounded] = [new Generator(half), new Generator(half, noAdaptation, { precision: 'bfloat16' })];
    const inputs = [
      [5, 6, 7],
      [9, 8],
    ];
    const expected = await generator.generate(inputs, { special, settings });
    expect(await exact.generate(inputs, { special, settings })).toEqual(expected);
    expect((await rounded.generate(inputs, { special, settings }))[0]?.tokens.slice(0, 3)).toEqual(
      expected[0]?.tokens.slice(0, 3),
    );
    for (const made of [exact, rounded]) made.dispose();
    half.dispose();
  });

  it.each([
    [{ ...settings, maxNewTokens: 0 }, /maxNewTokens is 0: give a whole number of at least 1/],
    [{ ...settings, minNewTokens: 13 }, /minNewTokens is 13/],
    [{ ...settings, search: { kind: 'beam', beams: 0, lengthPenalty: 1, earlyStopping: false } }, /beams is 0/],
    [
      { ...settings, search: { kind: 'sample', temperature: 0, topK: 0, topP: 1, seed: 1 } },
      /temperature is 0: give a number above 0/,
    ],
    [{ ...settings, search: { kind: 'sample', temperature: 1, topK: 0, topP: 0, seed: 1 } }, /topP is 0/],
  ] as const)('refuses %j', async (bad, message) => {
    await expect(generator.generate([[1]], { special, settings: bad })).rejects.toThrow(message);
  });

  it('refuses a token outside the vocabulary, an empty row and an encoder', async () => {
    await expect(generator.generate([[100]], { special, settings })).rejects.toThrow(
      /token id 100 is outside the vocabulary of 100/,
    );
    await expect(generator.generate([[]], { special, settings })).rejects.toThrow(/nothing to read/);
    const bert = loadBackbone(folderOf('bert'));
    await expect(new Generator(bert).generate([[1]], { special, settings })).rejects.toThrow(
      /a bert model generates no text/,
    );
    bert.dispose();
  });
});
