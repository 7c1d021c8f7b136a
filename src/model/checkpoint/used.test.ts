import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { live } from '../../engine/memory';
import { UserError } from '../../errors';
import { loadBackbone } from '../backbone';
import { extendGguf, float32Tensor, tensorsIn, writeTensors, type Additions, type Stored } from '../fixtures/files';
import { folderOf } from '../fixtures/tiny';
import { openModel } from '../open';
import { shapeOf } from './config';
import { watched } from './watched';

/* Everything in a file is used, or named and refused. */

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-used-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Config = Readonly<Record<string, unknown>>;

function configOf(family: string): Config {
  return JSON.parse(readFileSync(join(folderOf(family), 'config.json'), 'utf8')) as Config;
}

/** A copy of a tiny model with other keys and tensors. */
function changed(family: string, keys: Config, tensors: Stored = {}): string {
  cpSync(folderOf(family), folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...configOf(family), ...keys }));
  const path = join(folder, 'model.safetensors');
  writeTensors(path, { ...tensorsIn(path), ...tensors });
  return folder;
}

function refused(load: () => unknown, message: RegExp): void {
  const before = live().tensors;
  expect(load).toThrow(message);
  expect(load).toThrow(UserError);
  expect(live().tensors).toBe(before);
}

describe('a record', () => {
  it('can be printed by a message, where a record stands in place of a word, without a look at its keys', () => {
    const { record, unread } = watched({ act: { gelu: 1 } });
    expect(String(record['act'])).toBe('[object Object]');
    expect(unread()).toEqual(['act.gelu']);
  });

  it('knows what nobody looked at, inside too', () => {
    const { record, unread } = watched({ a: 1, b: { c: 2, d: { e: 3 } }, f: null, g: [], h: { i: 4 }, j: 5 });
    expect(record['a']).toBe(1);
    expect((record['b'] as Config)['c']).toBe(2);
    expect(record['x']).toBeUndefined();
    expect(record['constructor']).toBeUndefined();
    expect(unread()).toEqual(['b.d', 'h', 'j']);
  });
});

describe('keys of config.json', () => {
  it.each([
    ['bert', { window: 4 }, /sets "window", which this project does not know/],
    ['bert', { is_decoder: true }, /is_decoder true is not supported/],
    ['bert', { pruned_heads: { 0: [1] } }, /sets "pruned_heads"/],
    ['gpt2', { add_cross_attention: true }, /add_cross_attention true/],
    ['gpt2', { quantization_config: { bits: 4 }, auto_map: { a: 'b' } }, /"quantization_config" \(and auto_map\)/],
    ['llama', { sliding_window: 8 }, /sets "sliding_window"/],
    [
      'llama',
      { rope_parameters: { rope_type: 'default', rope_theta: 10000, partial_rotary_factor: 0.5 } },
      /sets "rope_parameters\.partial_rotary_factor"/,
    ],
    ['llama', { rope_scaling: { factor: 2 } }, /sets "rope_scaling\.factor"/],
    ['bart', { normalize_before: true }, /normalize_before true/],
    ['mbart', { add_final_layer_norm: false }, /add_final_layer_norm false/],
    ['t5', { is_encoder_decoder: false }, /is_encoder_decoder false/],
    ['llama', { hidden_act: '__proto__' }, /hidden_act "__proto__" is not supported/],
    ['bert', { hidden_act: 'constructor' }, /hidden_act "constructor" is not supported/],
  ] as const)('%s: %j is refused by name', (family, keys, message) => {
    refused(() => shapeOf({ ...configOf(family), ...keys }), message);
  });

  it('a share of a head that leaves half a pair to turn is refused', () => {
    const odd = { model_type: 'gpt_neox', hidden_size: 24, num_attention_heads: 2, rotary_pct: 0.25 };
    refused(() => shapeOf(odd), /turn pairs, and 3 numbers of a head is odd/);
  });

  it('unset ones and known harmless ones are fine', () => {
    const shape = shapeOf(configOf('llama'));
    const more = { sliding_window: null, pruned_heads: {}, torch_dtype: 'float16', num_beams: 4 };
    expect(shapeOf({ ...configOf('llama'), ...more })).toEqual(shape);
  });

  it.each([
    ['bert', { num_hidden_layers: 1e9 }, /gives 1000000000 encoder layers: give a whole number from 0 to 1024/],
    [
      'llama',
      { model_type: 'smollm3', num_hidden_layers: 1e9 },
      /gives 1000000000 layers: give a whole number from 0 to 1024/,
    ],
    ['bert', { num_hidden_layers: 1.5 }, /gives 1\.5 encoder layers/],
    ['bert', { num_attention_heads: 5 }, /gives 6\.4 numbers a head/],
    ['bert', { hidden_size: 0 }, /gives 0 width/],
    ['bart', { decoder_layers: 0 }, /gives the decoder 0 layers/],
    ['bert', { vocab_size: 1e15 }, /gives 1000000000000000 words/],
    ['gpt2', { n_positions: 2 ** 40 }, /positions/],
    ['llama', { num_key_value_heads: 3 }, /4 attention heads do not share 3 key-value heads/],
    ['llama', { head_dim: 7 }, /7 numbers a head is odd/],
    ['llama', { hidden_size: 65536, intermediate_size: 1 << 20, num_hidden_layers: 1000, head_dim: 64 }, /parameters/],
    ['t5', { relative_attention_num_buckets: 1e12 }, /buckets of positions/],
    ['constructor', {}, /model_type "constructor" is not supported/],
  ] as const)('%s: the numbers %j are refused before anything is made', (family, keys, message) => {
    refused(
      () => shapeOf({ ...(family === 'constructor' ? { model_type: family } : configOf(family)), ...keys }),
      message,
    );
  });
});

describe('tensors of a weight file', () => {
  const small = float32Tensor([32], () => 1);
  it.each([
    [
      'llama',
      { 'model.layers.0.self_attn.q_proj.bias': small },
      /tensor model\.layers\.0\.self_attn\.q_proj\.bias belongs/,
    ],
    ['llama', { 'model.layers.0.self_attn.q_norm.weight': small }, /q_norm\.weight is not known here/],
    [
      'llama',
      { 'model.layers.2.input_layernorm.weight': small },
      /layers\.2\.input_layernorm\.weight belongs to a part/,
    ],
    ['bert', { 'bert.pooler.dense.bias': small }, /pooler\.dense\.bias are the same weight/],
    ['gpt2', { 'transformer.h.0.crossattention.c_proj.bias': small }, /crossattention\.c_proj\.bias is not known/],
    ['mbart', { 'model.encoder.layers.0.adapter.weight': small }, /adapter\.weight is not known/],
  ] as const)('%s: an unknown one is refused by name', (family, tensors, message) => {
    const path = changed(family, {}, tensors);
    refused(() => loadBackbone(path), message);
  });

  it.each([
    ['bert', { 'cls.predictions.bias': small, 'embeddings.position_ids': small }],
    ['gpt2', { 'transformer.h.0.attn.bias': small, 'transformer.h.1.attn.masked_bias': small }],
    ['llama', { 'model.layers.0.self_attn.rotary_emb.inv_freq': small, 'score.weight': small }],
  ] as const)('%s: heads of other tasks and buffers change nothing', (family, tensors) => {
    const model = loadBackbone(changed(family, {}, tensors));
    const plain = loadBackbone(folderOf(family));
    expect(Object.keys(model.weights).sort()).toEqual(Object.keys(plain.weights).sort());
    model.dispose();
    plain.dispose();
  });
});

describe('a GGUF file', () => {
  const tiny = join(folderOf('gguf'), 'tiny.gguf');
  const extended = async (additions: Additions): Promise<string> => {
    const path = join(folder, 'x.gguf');
    await extendGguf(tiny, path, additions);
    return path;
  };
  const ones = (length: number): Float32Array => new Float32Array(length).fill(1);

  it.each([
    [
      'rope_freqs',
      { tensors: { 'rope_freqs.weight': Float32Array.of(1, 2, 4, 8) } },
      /tensor rope_freqs\.weight is not/,
    ],
    ['a bias', { tensors: { 'blk.0.attn_q.bias': ones(32) } }, /tensor blk\.0\.attn_q\.bias is not/],
    ['a norm of queries', { tensors: { 'blk.0.attn_q_norm.weight': ones(8) } }, /attn_q_norm\.weight is not/],
    [
      'rope dimensions',
      { keys: { 'llama.rope.dimension_count': { uint32: 4 } } },
      /dimension_count" to 4.* computes 8/,
    ],
    ['value length', { keys: { 'llama.attention.value_length': { uint32: 4 } } }, /value_length" to 4/],
    ['experts', { keys: { 'llama.expert_count': { uint32: 8 } } }, /expert_count" to 8/],
    ['an unknown key', { keys: { 'llama.logit_scale': { float32: 2 } } }, /sets "llama\.logit_scale"/],
    ['a yarn scaling', { keys: { 'llama.rope.scaling.type': 'yarn' } }, /"yarn"/],
    ['a space in front', { keys: { 'tokenizer.ggml.add_space_prefix': true } }, /add_space_prefix/],
    ['a flag that is a number', { keys: { 'tokenizer.ggml.add_bos_token': { uint32: 1 } } }, /to 1, which is neither/],
    ['an unknown flag', { keys: { 'tokenizer.ggml.lower_case': true } }, /sets "tokenizer\.ggml\.lower_case"/],
  ] as const)('%s is refused by name', async (_, additions, message) => {
    const before = live().tensors;
    await expect(openModel(await extended(additions))).rejects.toThrow(message);
    expect(live().tensors).toBe(before);
  });

  /** The tiny file with a key of the same length in place of one that it has. */
  const without = (key: string): string => {
    const bytes = readFileSync(tiny);
    bytes.write(`general.tags.${'x'.repeat(key.length - 13)}`, bytes.indexOf(key));
    const path = join(folder, 'x.gguf');
    writeFileSync(path, bytes);
    return path;
  };

  it.each([
    [
      'tokenizer.ggml.pre',
      /a tokenizer "gpt2", "default", which is not read from GGUF: put the model's tokenizer\.json/,
    ],
    ['llama.attention.layer_norm_rms_epsilon', /has no "llama\.attention\.layer_norm_rms_epsilon"/],
    ['llama.attention.head_count', /has no "llama\.attention\.head_count"/],
  ] as const)('without %s it is refused', async (key, message) => {
    await expect(openModel(without(key))).rejects.toThrow(message);
  });

  it.each([
    ['the older key', { 'llama.rope.scale_linear': { float32: 4 } }],
    ['the newer ones', { 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': { float32: 4 } }],
  ] as const)('linear rope is computed, by %s', async (_, keys) => {
    const { backbone } = await openModel(await extended({ keys }));
    expect(backbone.shape.positions).toMatchObject({ kind: 'rotary', scaling: { kind: 'linear', factor: 4 } });
    backbone.dispose();
  });

  it('says what changes nothing, and which tokens end a turn', async () => {
    const path = await extended({
      keys: {
        'general.name': 'x',
        'llama.rope.dimension_count': { uint32: 8 },
        'llama.rope.scale_linear': { float32: 1 },
        'llama.rope.scaling.type': 'none',
        'tokenizer.ggml.eot_token_id': { uint32: 5 },
        'tokenizer.ggml.unknown_token_id': { uint32: 0 },
      },
    });
    const { backbone, special } = await openModel(path);
    expect(special.end).toEqual([2, 5]);
    backbone.dispose();
  });
});
