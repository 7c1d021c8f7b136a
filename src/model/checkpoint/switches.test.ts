import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { folderOf } from '../fixtures/tiny';
import { shapeOf } from './config';

/* Switches that are no booleans, settings in two places, and keys of published files that change nothing. */

type Config = Readonly<Record<string, unknown>>;

const backbones = join(folderOf(''), '..', 'backbones');

/** The config of a fixture as a version of transformers saved it, 4 or 5. */
function configOf(family: string, version = '5'): Config {
  if (['bart', 'llama', 't5'].includes(family))
    return JSON.parse(readFileSync(join(folderOf(family), 'config.json'), 'utf8')) as Config;
  const text = readFileSync(join(backbones, family, 'cases.json'), 'utf8');
  const { variants } = JSON.parse(text) as { variants: { plain: { configs: Readonly<Record<string, Config>> } } };
  const found = Object.entries(variants.plain.configs).find(([name]) => name.startsWith(version));
  return found?.[1] ?? {};
}

function refused(config: Config, message: RegExp): void {
  expect(() => shapeOf(config)).toThrow(message);
  expect(() => shapeOf(config)).toThrow(UserError);
}

describe('a switch', () => {
  it.each([
    ['bart', { scale_embedding: 1 }, /"scale_embedding" must be true or false, not 1/],
    ['bart', { tie_word_embeddings: 'true' }, /"tie_word_embeddings" must be true or false, not "true"/],
    ['gpt_neox', { use_parallel_residual: 0 }, /"use_parallel_residual" must be true or false, not 0/],
    ['gpt_neox', { attention_bias: null }, /"attention_bias" must be true or false, not null/],
    ['qwen2', { use_sliding_window: 1 }, /"use_sliding_window" must be true or false, not 1/],
    ['llama', { mlp_bias: 'yes' }, /"mlp_bias" must be true or false/],
    ['modernbert', { norm_bias: 1 }, /"norm_bias" must be true or false/],
    ['opt', { enable_bias: 0 }, /"enable_bias" must be true or false/],
    ['t5', { is_gated_act: 1 }, /"is_gated_act" must be true or false/],
    ['smollm3', { no_rope_layers: [true, false, true] }, /no_rope_layers must name 0 or 1/],
  ] as const)('%s: %j is refused', (family, keys, message) => {
    refused({ ...configOf(family), ...keys }, message);
  });

  it('that is null is off where it usually is', () => {
    expect(shapeOf({ ...configOf('bart'), scale_embedding: null })).toEqual(shapeOf(configOf('bart')));
  });
});

const linear = { rope_type: 'linear', factor: 2 };

describe('rotary settings in two places', () => {
  it.each([
    [
      'llama',
      { rope_parameters: { rope_theta: 5 }, rope_theta: 7 },
      /"rope_theta" is 5 in one place.* is 7 in another/,
    ],
    ['llama', { rope_scaling: linear, rope_parameters: { rope_theta: 10000 } }, /scale rotary positions in two ways/],
    ['llama', { rope_scaling: linear, rope_parameters: { ...linear, factor: 4 } }, /in two ways/],
    ['gpt_neox', { rotary_pct: 1 }, /"partial_rotary_factor" is 0\.5 in one place, and "rotary_pct" is 1/],
    ['gpt_neox', { rotary_emb_base: 77 }, /"rope_theta" is 10000 in one place, and "rotary_emb_base" is 77/],
    ['gemma3', { rope_theta: 5 }, /"rope_theta" is 1000000 in one place/],
    ['gemma3', { rope_local_base_freq: 5 }, /"rope_theta" is 10000 in one place, and "rope_local_base_freq" is 5/],
    ['gemma3', { sliding_window_pattern: 5 }, /"_sliding_window_pattern" is 6 in one place/],
    [
      'llama',
      {
        rope_parameters: { ...linear, rope_type: 'yarn', original_max_position_embeddings: 64 },
        original_max_position_embeddings: 32,
      },
      /"original_max_position_embeddings" is 64 in one place/,
    ],
  ] as const)('%s: %j is refused', (family, keys, message) => {
    refused({ ...configOf(family), ...keys }, message);
  });

  it('that agree are fine', () => {
    const both = { rope_theta: 10000, rope_scaling: { type: 'linear', factor: 2 } };
    const shape = shapeOf({ ...configOf('llama'), ...both, rope_parameters: { ...linear, rope_theta: 10000 } });
    expect(shape.positions).toMatchObject({ base: 10000, scaling: { kind: 'linear', factor: 2 } });
    const gemma = { rope_theta: 1e6, rope_local_base_freq: 10000, rope_scaling: {} };
    expect(shapeOf({ ...configOf('gemma3'), ...gemma })).toEqual(shapeOf(configOf('gemma3')));
    expect(shapeOf(configOf('gpt_neox', '4'))).toEqual(shapeOf(configOf('gpt_neox')));
  });

  it.each([
    ['llama', { rope_theta: 0, rope_parameters: null }, /"rope_theta" must be more than 0/],
    ['llama', { rope_scaling: { ...linear, factor: 0 }, rope_parameters: null }, /"factor" must be more than 0/],
    ['llama', { rope_scaling: 'linear', rope_parameters: null }, /by "linear", which is no record/],
    ['gemma3', { query_pre_attn_scalar: 0 }, /"query_pre_attn_scalar" must be more than 0/],
    ['gemma2', { final_logit_softcapping: 0 }, /"final_logit_softcapping" must be more than 0/],
    ['modernbert', { global_attn_every_n_layers: 0 }, /must be more than 0/],
    ['gpt_neox', { rope_parameters: { rope_theta: 5, partial_rotary_factor: 1.5 } }, /1\.5 of a head cannot turn/],
  ] as const)('%s: what has no meaning, %j, is refused', (family, keys, message) => {
    refused({ ...configOf(family), ...keys }, message);
  });
});

describe('keys of published files that change no number', () => {
  it.each([
    ['gemma2', { hidden_act: 'gelu_pytorch_tanh', cache_implementation: 'hybrid' }],
    ['gemma3', { hidden_act: 'gelu_pytorch_tanh', cache_implementation: 'hybrid' }],
    ['gemma', { hidden_activation: 'gelu_pytorch_tanh' }],
    ['phi3', { attention_bias: false, mlp_bias: false, lm_head_bias: false, full_attn_mod: 1, interpolate_factor: 1 }],
    ['mistral', { attention_bias: false, mlp_bias: false }],
    ['qwen2', { attention_bias: false }],
    ['smollm3', { max_window_layers: 28, 'transformers.js_config': { dtype: 'q4' } }],
  ] as const)('%s: %j', (family, keys) => {
    expect(shapeOf({ ...configOf(family), ...keys })).toEqual(shapeOf(configOf(family)));
  });

  it.each([
    ['gemma2', { hidden_act: 'silu' }, /hidden_act "silu" is not supported, only "gelu_pytorch_tanh"/],
    ['gemma', { hidden_activation: 'gelu' }, /hidden_activation "gelu" is not supported/],
    ['mistral', { attention_bias: true }, /attention_bias true is not supported/],
    ['phi3', { mlp_bias: true }, /mlp_bias true is not supported/],
    ['gemma3', { cache_implementation: 'quantized' }, /cache_implementation "quantized" is not supported/],
  ] as const)('%s: other values are refused, as %j', (family, keys, message) => {
    refused({ ...configOf(family), ...keys }, message);
  });
});
