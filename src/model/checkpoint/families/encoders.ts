import type { ModelShape } from '../../shape';
import { activationOf, demand, flagIn, numberIn, positiveIn, type Config } from '../fields';
import { linear, norm, type Rule } from '../rules';
import { bert, bertEmbeddings, bertShape, bertTensors } from './bert';
import { preNorm } from './norms';
import { twoRotaries } from './rope';
import type { FamilyTable } from './table';
import { windowedLayers } from './windows';

/** BERT with tables of another width, which a linear map leads to d. */
function electraShape(config: Config): ModelShape {
  const shape = bertShape(config, { width: 256, heads: 4, ffnWidth: 1024, layers: 12 });
  const tables = numberIn(config, 'embedding_size', 128);
  return { ...shape, family: 'electra', embeddingWidth: tables === shape.width ? null : tables, pooler: false };
}

export const electra: FamilyTable = {
  ...bert,
  shape: electraShape,
  harmlessKeys: [
    ...['tie_word_embeddings', 'summary_activation', 'summary_last_dropout', 'summary_type', 'summary_use_proj'],
  ],
  tensors: [...bertTensors, ...linear('embeddings_project', 'embedding.project')],
  harmlessTensors: [/^(generator_predictions|generator_lm_head|discriminator_predictions|classifier|qa_outputs)\./],
};

/** One layer's weights for all layers. */
function albertShape(config: Config): ModelShape {
  demand(config, 'num_hidden_groups', [1]);
  demand(config, 'inner_group_num', [1]);
  const usual = { width: 4096, heads: 64, ffnWidth: 16384, layers: 12 };
  return {
    ...bertShape(config, usual),
    family: 'albert',
    vocabulary: numberIn(config, 'vocab_size', 30000),
    embeddingWidth: numberIn(config, 'embedding_size', 128),
    activation: activationOf(config, 'hidden_act', 'gelu_new'),
    sharedLayers: true,
  };
}

const one = 'encoder\\.albert_layer_groups\\.0\\.albert_layers\\.0';
const albertTensors: readonly Rule[] = [
  ...bertEmbeddings,
  ...linear('encoder\\.embedding_hidden_mapping_in', 'embedding.project'),
  ...linear(`${one}\\.attention\\.(query|key|value)`, 'encoder.0.attn.$1'),
  ...linear(`${one}\\.attention\\.dense`, 'encoder.0.attn.out'),
  ...norm(`${one}\\.attention\\.LayerNorm`, 'encoder.0.attn.norm'),
  ...linear(`${one}\\.ffn`, 'encoder.0.ffn.up'),
  ...linear(`${one}\\.ffn_output`, 'encoder.0.ffn.down'),
  ...norm(`${one}\\.full_layer_layer_norm`, 'encoder.0.ffn.norm'),
  ...linear('pooler', 'pooler'),
];

export const albert: FamilyTable = {
  ...bert,
  shape: albertShape,
  harmlessKeys: [
    ...['tie_word_embeddings', 'classifier_dropout_prob', 'down_scale_factor', 'gap_size', 'net_structure_type'],
    ...['num_memory_blocks'],
  ],
  tensors: albertTensors,
  harmlessTensors: [/^(predictions|sop_classifier|classifier|qa_outputs)\./],
};

/** RoBERTa's positions and T5's distances; transformers fixes the number of buckets and how far they reach. */
function mpnetShape(config: Config): ModelShape {
  demand(config, 'relative_attention_num_buckets', [32]);
  const rows = numberIn(config, 'max_position_embeddings', 512);
  return {
    ...bertShape(config),
    family: 'mpnet',
    vocabulary: numberIn(config, 'vocab_size', 30527),
    tokenTypes: 0,
    positions: { kind: 'learned', rows, offset: 2, padding: 1, distances: { buckets: 32, maxDistance: 128 } },
  };
}

const mpnetLayer = 'encoder\\.layer\\.(\\d+)';
const mpnetTensors: readonly Rule[] = [
  [/^encoder\.relative_attention_bias\.weight$/, 'encoder.relative'],
  ...linear(`${mpnetLayer}\\.attention\\.attn\\.(q|k|v|o)`, 'encoder.$1.attn.$2'),
  ...norm(`${mpnetLayer}\\.attention\\.LayerNorm`, 'encoder.$1.attn.norm'),
  ...bertTensors,
];

export const mpnet: FamilyTable = {
  ...bert,
  shape: mpnetShape,
  tensors: mpnetTensors,
  harmlessTensors: [/^(lm_head|classifier|qa_outputs)\./],
};

/** Norms first, gated FFN, rotary positions; two of three layers see near tokens on either side. */
function modernbertShape(config: Config): ModelShape {
  const shape = bertShape(config, { width: 768, heads: 12, ffnWidth: 1152, layers: 22 });
  const every = positiveIn(config, 'global_attn_every_n_layers', 3);
  const near = windowedLayers(config, shape.encoderLayers, (layer) => layer % every !== 0);
  const attention = flagIn(config, 'attention_bias', false);
  const rope = { base: 160000, baseKey: 'global_rope_theta', headWidth: shape.headWidth };
  return {
    ...shape,
    family: 'modernbert',
    vocabulary: numberIn(config, 'vocab_size', 50368),
    tokenTypes: 0,
    positions: twoRotaries(config, rope, { key: 'local_rope_theta', base: 10000 }),
    norm: {
      ...preNorm,
      epsilon: numberIn(config, 'norm_eps', 1e-5),
      bias: flagIn(config, 'norm_bias', false),
      first: false,
    },
    activation: activationOf(config, 'hidden_activation', 'gelu'),
    gatedFfn: true,
    biases: { projections: attention, out: attention, ffn: flagIn(config, 'mlp_bias', false) },
    window:
      near.length === 0 ? null : { reach: Math.floor(numberIn(config, 'local_attention', 128) / 2), layers: near },
    pooler: false,
  };
}

const modernLayer = 'layers\\.(\\d+)';
const modernTensors: readonly Rule[] = [
  [/^embeddings\.tok_embeddings\.weight$/, 'embedding.word'],
  ...norm('embeddings\\.norm', 'embedding.norm'),
  ...norm(`${modernLayer}\\.attn_norm`, 'encoder.$1.attn.norm'),
  ...linear(`${modernLayer}\\.attn\\.Wqkv`, 'encoder.$1.attn.{query,key,value}'),
  ...linear(`${modernLayer}\\.attn\\.Wo`, 'encoder.$1.attn.out'),
  ...norm(`${modernLayer}\\.mlp_norm`, 'encoder.$1.ffn.norm'),
  ...linear(`${modernLayer}\\.mlp\\.Wi`, 'encoder.$1.ffn.{gate,up}'),
  ...linear(`${modernLayer}\\.mlp\\.Wo`, 'encoder.$1.ffn.down'),
  ...norm('final_norm', 'encoder.norm'),
];

export const modernbert: FamilyTable = {
  shape: modernbertShape,
  stacks: ['encoder'],
  harmlessKeys: [
    ...['max_position_embeddings', 'tie_word_embeddings', 'cls_token_id', 'initializer_cutoff_factor', 'decoder_bias'],
    ...['embedding_dropout', 'mlp_dropout', 'classifier_activation', 'classifier_bias', 'classifier_pooling'],
    ...['deterministic_flash_attn', 'sparse_pred_ignore_index', 'sparse_prediction', 'reference_compile'],
    ...['repad_logits_with_grad', 'layer_norm_eps', 'position_embedding_type', 'gradient_checkpointing'],
  ],
  tensors: modernTensors,
  harmlessTensors: [/^(head|decoder|classifier|qa_outputs)\./],
};
