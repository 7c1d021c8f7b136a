import type { ModelShape } from '../../shape';
import { activationOf, demand, flagIn, headsOf, numberIn, outputOf, type Config } from '../fields';
import { linear, norm, type Rule } from '../rules';
import { gpt2Shape } from './gpt2';
import { preNorm } from './norms';
import { rotaryOf } from './rope';
import type { FamilyTable } from './table';

/** Attention and FFN side by side; a share of each head turns. */
function neoxShape(config: Config): ModelShape {
  const heads = headsOf(numberIn(config, 'hidden_size', 6144), numberIn(config, 'num_attention_heads', 64));
  const attention = flagIn(config, 'attention_bias', true);
  return {
    ...gpt2Shape({}),
    family: 'gpt_neox',
    ...heads,
    ffnWidth: numberIn(config, 'intermediate_size', 24576),
    decoderLayers: numberIn(config, 'num_hidden_layers', 44),
    vocabulary: numberIn(config, 'vocab_size', 50432),
    positions: rotaryOf(config, {
      base: 10000,
      baseKey: 'rotary_emb_base',
      headWidth: heads.headWidth,
      share: { key: 'rotary_pct', usual: 0.25 },
    }),
    norm: { ...preNorm, epsilon: numberIn(config, 'layer_norm_eps', 1e-5) },
    activation: activationOf(config, 'hidden_act', 'gelu'),
    biases: { projections: attention, out: attention, ffn: true },
    parallel: flagIn(config, 'use_parallel_residual', true),
    output: outputOf(config, false),
  };
}

const neoxLayer = 'layers\\.(\\d+)';
const fused = 'decoder.$1.attn.{query,key,value}#';
const neoxTensors: readonly Rule[] = [
  [/^embed_in\.weight$/, 'embedding.word'],
  ...linear(`${neoxLayer}\\.attention\\.query_key_value`, fused),
  ...linear(`${neoxLayer}\\.attention\\.dense`, 'decoder.$1.attn.out'),
  ...norm(`${neoxLayer}\\.input_layernorm`, 'decoder.$1.attn.norm'),
  ...linear(`${neoxLayer}\\.mlp\\.dense_h_to_4h`, 'decoder.$1.ffn.up'),
  ...linear(`${neoxLayer}\\.mlp\\.dense_4h_to_h`, 'decoder.$1.ffn.down'),
  ...norm(`${neoxLayer}\\.post_attention_layernorm`, 'decoder.$1.ffn.norm'),
  ...norm('final_layer_norm', 'decoder.norm'),
  [/^embed_out\.weight$/, 'output.weight!'],
];

export const neox: FamilyTable = {
  shape: neoxShape,
  stacks: ['decoder'],
  harmlessKeys: ['max_position_embeddings', 'hidden_dropout', 'classifier_dropout'],
  tensors: neoxTensors,
  // A causal mask was stored beside attention.
  harmlessTensors: [/^layers\.\d+\.attention\.(masked_)?bias$/, /^(score|classifier|qa_outputs)\./],
};

/** Learned positions from row 2 on, as BART's; models with a narrower word table are refused. */
function optShape(config: Config): ModelShape {
  const width = numberIn(config, 'hidden_size', 768);
  demand(config, 'word_embed_proj_dim', [width]);
  demand(config, 'do_layer_norm_before', [true]);
  demand(config, '_remove_final_layer_norm', [false]);
  demand(config, 'layer_norm_elementwise_affine', [true]);
  const biased = flagIn(config, 'enable_bias', true);
  return {
    ...gpt2Shape({}),
    family: 'opt',
    ...headsOf(width, numberIn(config, 'num_attention_heads', 12)),
    ffnWidth: numberIn(config, 'ffn_dim', 3072),
    decoderLayers: numberIn(config, 'num_hidden_layers', 12),
    vocabulary: numberIn(config, 'vocab_size', 50272),
    positions: { kind: 'learned', rows: numberIn(config, 'max_position_embeddings', 2048) + 2, offset: 2 },
    norm: { ...preNorm, epsilon: 1e-5 },
    activation: activationOf(config, 'activation_function', 'relu'),
    biases: { projections: biased, out: biased, ffn: biased },
    output: outputOf(config, true),
  };
}

const optLayer = 'decoder\\.layers\\.(\\d+)';
const optTensors: readonly Rule[] = [
  [/^decoder\.embed_tokens\.weight$/, 'embedding.word'],
  [/^decoder\.embed_positions\.weight$/, 'embedding.position'],
  ...linear(`${optLayer}\\.self_attn\\.(q|k|v|out)_proj`, 'decoder.$1.attn.$2'),
  ...norm(`${optLayer}\\.self_attn_layer_norm`, 'decoder.$1.attn.norm'),
  ...linear(`${optLayer}\\.fc1`, 'decoder.$1.ffn.up'),
  ...linear(`${optLayer}\\.fc2`, 'decoder.$1.ffn.down'),
  ...norm(`${optLayer}\\.final_layer_norm`, 'decoder.$1.ffn.norm'),
  ...norm('decoder\\.final_layer_norm', 'decoder.norm'),
  [/^lm_head\.weight$/, 'output.weight!'],
];

export const opt: FamilyTable = {
  shape: optShape,
  stacks: ['decoder'],
  harmlessKeys: [],
  tensors: optTensors,
  harmlessTensors: [/^decoder\.version$/, /^(score|qa_outputs)\./],
};
