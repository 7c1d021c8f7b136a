import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compile } from '../../engine/compile';
import { live } from '../../engine/memory';
import { tf, type Tensor } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { UserError } from '../../errors';
import { loadBackbone, type Backbone } from '../backbone';
import { uploadBatch } from '../batch';
import { decode, vocabularyLogits } from '../decoder';
import { plainForward } from '../forward';
import { tensorsIn, writeTensors, type Stored } from '../fixtures/files';
import { difference, folderOf, type Rows } from '../fixtures/tiny';
import { openModel } from '../open';
import { packSequences } from '../packing';
import { modelNamed } from '../registry';
import { quantisations } from './quantised';
import { openSafetensors } from './safetensors';
import { float16 } from './stored';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-model-'));
  copyFileSync(join(folderOf('gpt2'), 'config.json'), join(folder, 'config.json'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Every tensor with its values made by `convert` from float32. */
function converted(tensors: Stored, dtype: string, convert: (value: number) => number): Stored {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, bytes }]) => {
      const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      return [name, { dtype, shape, bytes: Buffer.from(Uint16Array.from(values, convert).buffer) }];
    }),
  );
}

const bits = new DataView(new ArrayBuffer(4));
const toBfloat16 = (value: number): number => {
  bits.setFloat32(0, value);
  return bits.getUint16(0);
};
/** The half-precision number next to `value`, by bisection over the 15 bits of its size. */
function toFloat16(value: number): number {
  let low = 0,
    high = 0x7bff;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (float16(middle) <= Math.abs(value)) low = middle;
    else high = middle - 1;
  }
  const up = low < 0x7bff && float16(low + 1) - Math.abs(value) < Math.abs(value) - float16(low) ? 1 : 0;
  return low + up + (value < 0 ? 0x8000 : 0);
}

function largestDifference(a: Backbone, b: Backbone): number {
  return Math.max(
    ...Object.entries(a.weights).map(([name, weight]) =>
      tf.tidy(() => tf.max(tf.abs(tf.sub(weight, b.weights[name] as Tensor))).dataSync()[0] as number),
    ),
  );
}

const original = join(folderOf('gpt2'), 'model.safetensors');

describe('checkpoints', () => {
  it.each([
    ['BF16', toBfloat16, 0],
    ['F16', toFloat16, 1e-3],
  ] as const)('%s weights are the float32 ones', (dtype, convert, error) => {
    writeTensors(join(folder, 'model.safetensors'), converted(tensorsIn(original), dtype, convert));
    const [half, full] = [loadBackbone(folder), loadBackbone(folderOf('gpt2'))];
    expect(largestDifference(half, full)).toBeLessThanOrEqual(error);
    half.dispose();
    full.dispose();
  });

  it('shards are one model', () => {
    const tensors = Object.entries(tensorsIn(original));
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    names.forEach((name, i) => {
      writeTensors(join(folder, name), Object.fromEntries(tensors.filter((_, k) => k % 2 === i)));
    });
    writeFileSync(
      join(folder, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: Object.fromEntries(tensors.map(([name], k) => [name, names[k % 2]])) }),
    );
    const [sharded, full] = [loadBackbone(folder), loadBackbone(folderOf('gpt2'))];
    expect(largestDifference(sharded, full)).toBe(0);
    sharded.dispose();
    full.dispose();
    rmSync(join(folder, names[1] as string));
    expect(() => loadBackbone(folder)).toThrow(/model-00002-of-00002\.safetensors does not exist/);
  });

  it('two passes and two programs share one copy of the weights', () => {
    const before = live().tensors;
    const model = loadBackbone(folderOf('gpt2'));
    const weights = Object.keys(model.weights).length;
    expect(live().tensors - before).toBe(weights);
    const batches = [2, 3].map((size) =>
      uploadBatch(
        packSequences(
          Array.from({ length: size }, () => ({ ids: [5, 6, 7], types: [] })),
          { lengths: [3], size: 3 * size, prompt: 0 },
        ),
      ),
    );
    const run = compile((input: (typeof batches)[number]) =>
      vocabularyLogits(model, decode(model, input, plainForward)),
    );
    const outputs = [run(batches[0] as (typeof batches)[number])];
    const one = live().tensors; // with what the first program keeps of the weights: joined and scaled ones
    outputs.push(run(batches[1] as (typeof batches)[number]));
    expect(run.times()).toHaveLength(2);
    expect(live().tensors - one).toBe(1);
    run.dispose();
    disposeTree([outputs, batches]);
    model.dispose();
    expect(live().tensors).toBe(before);
  });
});

describe('bad checkpoints are refused, and nothing stays', () => {
  const cases: readonly (readonly [name: string, spoil: (path: string) => void, message: RegExp])[] = [
    ['no weights', () => undefined, /has no model\.safetensors: give a folder saved by save_pretrained/],
    [
      'a pickle',
      () => {
        writeFileSync(join(folder, 'pytorch_model.bin'), 'x');
      },
      /pytorch_model\.bin is a Python pickle.*safe_serialization=True/,
    ],
    [
      'cut off',
      (path) => {
        copyFileSync(original, path);
        truncateSync(path, 50_000);
      },
      /is cut off: fetch it again/,
    ],
    [
      'cut off in the header',
      (path) => {
        copyFileSync(original, path);
        truncateSync(path, 100);
      },
      /is cut off/,
    ],
    [
      'no safetensors at all',
      (path) => {
        writeFileSync(path, Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('abcd')]));
      },
      /no readable safetensors header/,
    ],
    [
      'a tensor missing',
      (path) => {
        const { 'transformer.ln_f.bias': _, ...rest } = tensorsIn(original);
        writeTensors(path, rest);
      },
      /lacks 1 weights, decoder\.norm\.bias first/,
    ],
    [
      'NaN',
      (path) => {
        const tensors = tensorsIn(original);
        (tensors['transformer.wpe.weight'] as Stored[string]).bytes.writeFloatLE(NaN, 8);
        writeTensors(path, tensors);
      },
      /tensor transformer\.wpe\.weight holds NaN/,
    ],
    [
      'another shape',
      (path) => {
        copyFileSync(join(folderOf('gpt2'), 'model.safetensors'), path);
        writeFileSync(
          join(folder, 'config.json'),
          readFileSync(join(folder, 'config.json'), 'utf8').replace('"n_positions": 40', '"n_positions": 41'),
        );
      },
      /has shape \[40,32\].*asks for \[41,32\]/,
    ],
    [
      'an index that leaves the folder',
      () => {
        writeFileSync(
          join(folder, 'model.safetensors.index.json'),
          JSON.stringify({ weight_map: { a: '../x.safetensors' } }),
        );
      },
      /names "\.\.\/x\.safetensors", which is no file of this folder/,
    ],
    [
      'an unknown architecture',
      (path) => {
        copyFileSync(original, path);
        writeFileSync(join(folder, 'config.json'), '{"model_type": "mamba"}');
      },
      /model_type "mamba" is not supported: known are bert/,
    ],
    [
      'a setting not built here',
      (path) => {
        copyFileSync(original, path);
        writeFileSync(join(folder, 'config.json'), '{"model_type": "llama", "rope_scaling": {"rope_type": "spiral"}}');
      },
      /rotary positions of type "spiral" are not supported/,
    ],
    [
      'a width below zero',
      (path) => {
        copyFileSync(original, path);
        writeFileSync(join(folder, 'config.json'), '{"model_type": "gpt2", "n_embd": -32}');
      },
      /"n_embd" must be a number that is not negative, not -32/,
    ],
  ];

  it.each(cases)('%s', (_, spoil, message) => {
    const before = live().tensors;
    spoil(join(folder, 'model.safetensors'));
    const load = (): Backbone => loadBackbone(folder);
    expect(load).toThrow(message);
    expect(load).toThrow(UserError);
    expect(live().tensors).toBe(before);
  });

  it('integer weights', () => {
    writeTensors(join(folder, 'model.safetensors'), {
      'wte.weight': { dtype: 'I32', shape: [2], bytes: Buffer.alloc(8) },
    });
    const file = openSafetensors(join(folder, 'model.safetensors'));
    expect(() => file.tensors[0]?.read(0, 2)).toThrow(/has type I32: convert the checkpoint/);
    file.close();
  });

  it('names of models', async () => {
    expect(() => modelNamed('no-such-model')).toThrow(/unknown model "no-such-model": name a folder.*minilm-l6/);
    rmSync(join(folder, 'config.json'));
    expect(() => modelNamed(folder)).toThrow(/has no config\.json/);
    writeFileSync(join(folder, 'x.txt'), '');
    expect(() => modelNamed(join(folder, 'x.txt'))).toThrow(/is no model/);
    writeFileSync(join(folder, 'pytorch_model.bin'), '');
    expect(() => modelNamed(join(folder, 'pytorch_model.bin'))).toThrow(/is a Python pickle.*safe_serialization=True/);
    await expect(openModel('hub:nothing')).rejects.toThrow(
      /"hub:nothing" is no hub model: write hub:organisation\/name/,
    );
  });
});

interface Block {
  readonly name: string;
  readonly type: number;
  readonly bytes: string;
  readonly values: readonly number[];
}

describe('GGUF', () => {
  const { blocks } = JSON.parse(readFileSync(join(__dirname, '../fixtures/blocks.json'), 'utf8')) as {
    readonly blocks: readonly Block[];
  };
  const tiny = join(__dirname, '../fixtures/tiny-gguf');

  it.each(blocks.map((block) => [block.name, block] as const))(
    '%s blocks are read as the gguf package reads them',
    (_, { type, bytes, values }) => {
      const found = new Float32Array(values.length);
      quantisations[type]?.decode(new Uint8Array(Buffer.from(bytes, 'base64')), found);
      values.forEach((value, i) => {
        expect(Math.abs((found[i] as number) - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
      });
    },
  );

  it('a file gives the logits that transformers computes from its weights, and its own tokenizer', async () => {
    const { ids, logits } = JSON.parse(readFileSync(join(tiny, 'expected.json'), 'utf8')) as {
      readonly ids: number[];
      readonly logits: Rows;
    };
    const { backbone, tokenizer, special } = await openModel(tiny);
    const found = tf.tidy(() =>
      vocabularyLogits(
        backbone,
        decode(
          backbone,
          uploadBatch(packSequences([{ ids, types: [] }], { lengths: [ids.length], size: ids.length, prompt: 0 })),
          plainForward,
        ),
      ),
    );
    expect(difference(found, logits)).toBeLessThan(2e-5);
    expect(special).toMatchObject({ end: [2], pad: 1 });
    const encoded = tokenizer?.encode({ text: 'a cat<|x', pair: null }, 20).ids;
    expect(tokenizer?.decode(encoded ?? [])).toBe('a cat<|x');
    expect([...(encoded ?? [])]).toContain(99);
    found.dispose();
    backbone.dispose();
  });

  it('a file that is cut off is refused', async () => {
    const path = join(folder, 'tiny.gguf');
    for (const size of [28_000, 500, 2]) {
      copyFileSync(join(tiny, 'tiny.gguf'), path);
      truncateSync(path, size);
      await expect(openModel(path)).rejects.toThrow(/is cut off/);
    }
  });
});
