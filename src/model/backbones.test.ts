import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { upload } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { Backbone, loadBackbone } from './backbone';
import { shapeOf } from './checkpoint/config';
import { canonicalNames } from './checkpoint/names';
import { decodeText, vocabularyLogits, type TextPair } from './decoder';
import { encode, plainForward } from './encoder';
import { difference, type Rows } from './fixtures/tiny';
import { Generator } from './generation/generate';
import { packSequences, rowsNeeded } from './packing';
import { uploadBatch, type Batch } from './batch';
import { backbone as parameters, weightShapes } from './shapes';

interface Variant {
  readonly configs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly outputs: Rows;
  readonly greedy: readonly number[] | null;
  /** By stored name: the sum of a weight's gradient, and its product with a probe. */
  readonly gradients: Readonly<Record<string, readonly [sum: number, probed: number]>> | null;
}

interface Cases {
  readonly rows: Rows;
  readonly targets: Rows | null;
  readonly variants: Readonly<Record<string, Variant>>;
}

const fixtures = join(__dirname, 'fixtures', 'backbones');

function packed(rows: Rows, longest = Math.max(...rows.map((row) => row.length))): Batch {
  const lengths = rows.map((row) => row.length);
  const sequences = rows.map((ids) => ({ ids, types: ids.map(() => 0) }));
  return uploadBatch(packSequences(sequences, { lengths: [longest], size: rowsNeeded(lengths, [longest]), prompt: 0 }));
}

function outputsOf(model: Backbone, pair: TextPair): Tensor {
  if (model.shape.decoderLayers === 0) return encode(model, pair.target, plainForward);
  return vocabularyLogits(model, decodeText(model, pair, plainForward));
}

/** cos 1, cos 2, ... in this shape. */
function probe(shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return upload(
    Float32Array.from({ length: size }, (_, i) => Math.cos(i + 1)),
    shape,
  );
}

/** The gradients of all weights at the sum of the outputs times a probe, by one compiled program. */
function gradientsOf(model: Backbone, pair: TextPair, rows: number): Readonly<Record<string, Tensor>> {
  const names = Object.keys(model.weights).filter((name) => !name.startsWith('pooler.'));
  const run = compile((weights: Tensor[], given: TextPair) => {
    const graded = tf.grads((...list: Tensor[]) => {
      const own = { ...model.weights, ...Object.fromEntries(names.map((name, i) => [name, list[i] as Tensor])) };
      const all = outputsOf(new Backbone(model.folder, model.shape, { weights: own, files: [] }), given);
      const found = tf.slice(all, [0, 0], [rows, all.shape[1] as number]); // without fillers
      return tf.sum(tf.mul(found, probe(found.shape)));
    });
    return graded(weights);
  });
  const all = run(
    names.map((name) => model.weights[name] as Tensor),
    pair,
  );
  run.dispose();
  return Object.fromEntries(names.map((name, i) => [name, all[i] as Tensor]));
}

describe.each(readdirSync(fixtures))('tiny %s', (name) => {
  const { rows, targets, variants } = JSON.parse(readFileSync(join(fixtures, name, 'cases.json'), 'utf8')) as Cases;
  const pairOf = (): TextPair =>
    targets === null ? { target: packed(rows) } : { source: packed(rows), target: packed(targets) };
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-backbone-'));
    copyFileSync(join(fixtures, name, 'model.safetensors'), join(folder, 'model.safetensors'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const load = (config: Variant['configs'][string]): Backbone => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    return loadBackbone(folder);
  };
  const cases = Object.entries(variants).flatMap(([variant, { configs, ...made }]) =>
    Object.entries(configs).map(([version, config]) => ({ variant, version, config, ...made })),
  );

  it.each(cases)('$variant computes what transformers $version computes', ({ config, outputs }) => {
    const model = load(config);
    const pair = pairOf();
    const found = tf.tidy(() => outputsOf(model, pair));
    expect(difference(found, outputs)).toBeLessThan(2e-5);
    disposeTree([found, pair]);
    model.dispose();
  });

  const plain = cases.find(({ variant }) => variant === 'plain') as (typeof cases)[number];

  it('has the gradients of transformers, soft caps, windows and norms of queries and keys among what they pass', () => {
    const model = load(plain.config);
    const pair = pairOf();
    const own = gradientsOf(model, pair, plain.outputs.length);
    const wanted = Object.entries(plain.gradients ?? {}).filter(([stored]) => !/pooler/.test(stored));
    expect(wanted.length).toBeGreaterThan(10);
    for (const [stored, [sum, probed]] of wanted) {
      const parameter = name === 'gpt_neox' ? stored.replace('lm_head', 'embed_out') : stored; // transformers 5 renames it in memory
      const targets = canonicalNames(model.shape.family, parameter);
      const parts = targets.map(({ name, transpose }) => {
        const gradient = own[name] as Tensor;
        return transpose ? tf.transpose(gradient) : gradient;
      });
      const size = tf.addN(parts.map((part) => tf.sum(tf.abs(part)))).dataSync()[0] as number; // rounding of sums that cancel
      const total = tf.addN(parts.map((part) => tf.sum(part))).dataSync()[0] as number;
      expect(Math.abs(total - sum) / Math.max(1, size), stored).toBeLessThan(2e-5);
      if (targets.some(({ piece }) => piece?.byHead === true)) continue; // another order of rows
      const whole = tf.concat(parts, 0);
      const product = tf.sum(tf.mul(whole, probe(whole.shape))).dataSync()[0] as number;
      expect(Math.abs(product - probed) / Math.max(1, size), stored).toBeLessThan(2e-5);
    }
    disposeTree([own, pair]);
    model.dispose();
  });

  it('has the parameters that its shape counts', () => {
    const model = load(plain.config);
    const sizes = Object.values(weightShapes(model.shape)).map((sides) => sides.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(parameters(model.shape));
    model.dispose();
  });

  it('reads one row a sequence as it reads all, as a program', () => {
    const model = load(plain.config);
    const batch = packed(rows);
    const last = model.shape.encoderLayers > 0 ? encode : undefined;
    const run = compile((input: Batch) => {
      const one = { ...plainForward, read: 'last' } as const;
      const of = last ?? ((m: Backbone, b: Batch, f: typeof plainForward) => decodeText(m, { target: b }, f));
      return { few: of(model, input, one), all: of(model, input, plainForward) };
    });
    const { few, all } = run(batch);
    const picked = tf.tidy(() => tf.gather(all, batch.last as tf.Tensor1D));
    expect(difference(few, picked.arraySync() as number[][])).toBeLessThan(1e-5);
    run.dispose();
    disposeTree([few, all, picked, batch]);
    model.dispose();
  });

  const writers = cases.filter(({ greedy }) => greedy !== null);
  it.runIf(writers.length > 0)('writes the text that transformers writes', async () => {
    for (const { variant, config, greedy } of writers.filter(({ version }) => version.startsWith('5.'))) {
      const model = load(config);
      const start = targets === null ? null : Number(config['decoder_start_token_id']);
      const generator = new Generator(model);
      const text = await generator.generate([rows[0] as number[]], {
        settings: { search: { kind: 'greedy' }, maxNewTokens: 6, minNewTokens: 0, noRepeatNgram: 0 },
        special: { end: [], pad: 1, start, forcedFirst: null, forcedLast: null },
      });
      expect(text[0]?.tokens, variant).toEqual(greedy);
      generator.dispose();
      model.dispose();
    }
  });
});

const { parameters: usual } = JSON.parse(
  readFileSync(join(__dirname, 'fixtures', 'backbone-defaults.json'), 'utf8'),
) as { readonly parameters: Readonly<Record<string, number>> };

describe('the model that an empty config describes', () => {
  it.each(Object.entries(usual))('%s has the parameters of transformers', (type, count) => {
    expect(parameters(shapeOf({ model_type: type }))).toBe(count);
  });
});
