import type { ModelShape } from '../../shape';
import { activationOf, demand, headsOf, numberIn, outputOf, type Config } from '../fields';
import { norm, plain, type Rule } from '../rules';
import { bertShape } from './bert';
import { preNorm } from './norms';
import type { FamilyTable } from './table';

export function gpt2Shape(config: Config): ModelShape {
  demand(config, 'scale_attn_by_inverse_layer_idx', [false]);
  demand(config, 'scale_attn_weights', [true]);
  const width = numberIn(config, 'n_embd', 768);
  return {
    ...bertShape({}),
    family: 'gpt2',
    ...headsOf(width, numberIn(config, 'n_head', 12)),
    ffnWidth: numberIn(config, 'n_inner', 4 * width),
    encoderLayers: 0,
    decoderLayers: numberIn(config, 'n_layer', 12),
    vocabulary: numberIn(config, 'vocab_size', 50257),
    tokenTypes: 0,
    positions: { kind: 'learned', rows: numberIn(config, 'n_positions', 1024), offset: 0 },
    norm: { ...preNorm, epsilon: numberIn(config, 'layer_norm_epsilon', 1e-5) },
    embeddingNorm: false,
    activation: activationOf(config, 'activation_function', 'gelu_new'),
    pooler: false,
    output: outputOf(config, true),
    pooling: 'last',
  };
}

const gptLayer = 'h\\.(\\d+)';
const tensors: readonly Rule[] = [
  [/^wte\.weight$/, 'embedding.word'],
  [/^wpe\.weight$/, 'embedding.position'],
  ...norm(`${gptLayer}\\.ln_1`, 'decoder.$1.attn.norm'),
  ...norm(`${gptLayer}\\.ln_2`, 'decoder.$1.ffn.norm'),
  ...plain(`${gptLayer}\\.attn\\.c_attn`, 'decoder.$1.attn.{query,key,value}'),
  ...plain(`${gptLayer}\\.attn\\.c_proj`, 'decoder.$1.attn.out'),
  ...plain(`${gptLayer}\\.mlp\\.c_fc`, 'decoder.$1.ffn.up'),
  ...plain(`${gptLayer}\\.mlp\\.c_proj`, 'decoder.$1.ffn.down'),
  ...norm('ln_f', 'decoder.norm'),
  [/^lm_head\.weight$/, 'output.weight!'],
];

export const gpt2: FamilyTable = {
  shape: gpt2Shape,
  stacks: ['decoder'],
  harmlessKeys: [
    ...['n_ctx', 'reorder_and_upcast_attn', 'summary_activation', 'summary_first_dropout'],
    ...['summary_proj_to_labels', 'summary_type', 'summary_use_proj'],
  ],
  tensors,
  // A causal mask was stored beside attention; `attn.bias` is that mask.
  harmlessTensors: [/^h\.\d+\.attn\.(masked_)?bias$/, /^(score|classifier|qa_outputs|multiple_choice_head)\./],
};
