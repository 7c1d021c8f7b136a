import type { ModelShape } from '../../shape';
import { activationOf, demand, headsOf, numberIn, outputOf, type Config } from '../fields';
import { linear, norm, type Rule } from '../rules';
import { bertShape } from './bert';
import type { FamilyTable } from './table';

function bartShape(config: Config): ModelShape {
  for (const part of ['layers', 'attention_heads', 'ffn_dim']) numberIn(config, `encoder_${part}`);
  demand(config, 'decoder_attention_heads', [config['encoder_attention_heads']]);
  demand(config, 'decoder_ffn_dim', [config['encoder_ffn_dim']]);
  demand(config, 'normalize_embedding', [true]);
  demand(config, 'static_position_embeddings', [false]);
  demand(config, 'extra_pos_embeddings', [2]);
  const width = numberIn(config, 'd_model', 1024);
  return {
    ...bertShape({}),
    family: 'bart',
    ...headsOf(width, numberIn(config, 'encoder_attention_heads')),
    ffnWidth: numberIn(config, 'encoder_ffn_dim'),
    encoderLayers: numberIn(config, 'encoder_layers'),
    decoderLayers: numberIn(config, 'decoder_layers', 12),
    vocabulary: numberIn(config, 'vocab_size', 50265),
    tokenTypes: 0,
    positions: { kind: 'learned', rows: numberIn(config, 'max_position_embeddings', 1024) + 2, offset: 2 },
    norm: { kind: 'layer', epsilon: 1e-5, place: 'post', final: false },
    embeddingScale: config['scale_embedding'] === true ? Math.sqrt(width) : 1,
    activation: activationOf(config, 'activation_function', 'gelu'),
    pooler: false,
    output: outputOf(config, true),
    pooling: 'last',
  };
}

/** BART with its norms where mBART has them is another model that the same keys could describe. */
function demandNorms(config: Config, first: boolean): void {
  demand(config, 'normalize_before', [first]);
  demand(config, 'add_final_layer_norm', [first]);
}

function postNormShape(config: Config): ModelShape {
  demandNorms(config, false);
  return bartShape(config);
}

function mbartShape(config: Config): ModelShape {
  demandNorms(config, true);
  return { ...bartShape(config), family: 'mbart', norm: { kind: 'layer', epsilon: 1e-5, place: 'pre', final: true } };
}

const bartLayer = '(encoder|decoder)\\.layers\\.(\\d+)';
const tensors: readonly Rule[] = [
  [/^shared\.weight$/, 'embedding.word'],
  [/^(encoder|decoder)\.embed_tokens\.weight$/, '$1.word'],
  [/^(encoder|decoder)\.embed_positions\.weight$/, '$1.position'],
  ...norm('(encoder|decoder)\\.layernorm_embedding', '$1.embeddingNorm'),
  ...linear(`${bartLayer}\\.self_attn\\.(q|k|v|out)_proj`, '$1.$2.attn.$3'),
  ...norm(`${bartLayer}\\.self_attn_layer_norm`, '$1.$2.attn.norm'),
  ...linear(`${bartLayer}\\.encoder_attn\\.(q|k|v|out)_proj`, '$1.$2.cross.$3'),
  ...norm(`${bartLayer}\\.encoder_attn_layer_norm`, '$1.$2.cross.norm'),
  ...linear(`${bartLayer}\\.fc1`, '$1.$2.ffn.up'),
  ...linear(`${bartLayer}\\.fc2`, '$1.$2.ffn.down'),
  ...norm(`${bartLayer}\\.final_layer_norm`, '$1.$2.ffn.norm'),
  ...norm('(encoder|decoder)\\.layer_norm', '$1.norm'),
  [/^lm_head\.weight$/, 'output.weight!'],
  [/^final_logits_bias$/, 'output.fixedBias'],
];

export const bart: FamilyTable = {
  shape: postNormShape,
  stacks: ['encoder', 'decoder'],
  harmlessKeys: ['num_hidden_layers', 'add_bias_logits', 'force_bos_token_to_be_generated'],
  tensors,
  harmlessTensors: [/^(classification_head|qa_outputs)\./, /^(encoder|decoder)\.version$/],
};

export const mbart: FamilyTable = { ...bart, shape: mbartShape };
