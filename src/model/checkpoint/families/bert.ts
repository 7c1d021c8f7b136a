import { biasesOn, type ModelShape } from '../../shape';
import { activationOf, demand, headsOf, numberIn, type Config } from '../fields';
import { linear, norm, type Rule } from '../rules';
import { postNorm } from './norms';
import type { FamilyTable } from './table';

const noOutput = { kind: 'none', scale: 1 } as const;

interface Sizes {
  readonly width: number;
  readonly heads: number;
  readonly ffnWidth: number;
  readonly layers: number;
}
const usualSizes: Sizes = { width: 768, heads: 12, ffnWidth: 3072, layers: 12 };

/** @param usual sizes where the config names none */
export function bertShape(config: Config, usual: Sizes = usualSizes): ModelShape {
  demand(config, 'position_embedding_type', ['absolute']);
  return {
    family: 'bert',
    ...headsOf(numberIn(config, 'hidden_size', usual.width), numberIn(config, 'num_attention_heads', usual.heads)),
    ffnWidth: numberIn(config, 'intermediate_size', usual.ffnWidth),
    encoderLayers: numberIn(config, 'num_hidden_layers', usual.layers),
    decoderLayers: 0,
    vocabulary: numberIn(config, 'vocab_size', 30522),
    positions: { kind: 'learned', rows: numberIn(config, 'max_position_embeddings', 512), offset: 0 },
    tokenTypes: numberIn(config, 'type_vocab_size', 2),
    embeddingWidth: null,
    norm: { ...postNorm, epsilon: numberIn(config, 'layer_norm_eps', 1e-12) },
    embeddingNorm: true,
    embeddingScale: 1,
    activation: activationOf(config, 'hidden_act', 'gelu'),
    gatedFfn: false,
    biases: biasesOn(true),
    queryKeyNorm: false,
    softCap: { attention: null, output: null },
    window: null,
    parallel: false,
    sharedLayers: false,
    pooler: true,
    output: noOutput,
    pooling: 'first',
  };
}

/** Positions start after the padding id, and count what is no padding. */
function robertaShape(config: Config): ModelShape {
  const rows = numberIn(config, 'max_position_embeddings', 514);
  const padding = numberIn(config, 'pad_token_id', 1);
  return {
    ...bertShape(config),
    family: 'roberta',
    positions: { kind: 'learned', rows, offset: padding + 1, padding },
  };
}

function distilbertShape(config: Config): ModelShape {
  return {
    ...bertShape({}),
    family: 'distilbert',
    ...headsOf(numberIn(config, 'dim', 768), numberIn(config, 'n_heads', 12)),
    ffnWidth: numberIn(config, 'hidden_dim', 3072),
    encoderLayers: numberIn(config, 'n_layers', 6),
    vocabulary: numberIn(config, 'vocab_size', 30522),
    tokenTypes: 0,
    pooler: false,
    positions: { kind: 'learned', rows: numberIn(config, 'max_position_embeddings', 512), offset: 0 },
    activation: activationOf(config, 'activation', 'gelu'),
  };
}

export const bertEmbeddings: Rule[] = [
  [/^embeddings\.word_embeddings\.weight$/, 'embedding.word'],
  [/^embeddings\.position_embeddings\.weight$/, 'embedding.position'],
  [/^embeddings\.token_type_embeddings\.weight$/, 'embedding.type'],
  ...norm('embeddings\\.LayerNorm', 'embedding.norm'),
];

const bertLayer = 'encoder\\.layer\\.(\\d+)';
export const bertTensors: readonly Rule[] = [
  ...bertEmbeddings,
  ...linear(`${bertLayer}\\.attention\\.self\\.(query|key|value)`, 'encoder.$1.attn.$2'),
  ...linear(`${bertLayer}\\.attention\\.output\\.dense`, 'encoder.$1.attn.out'),
  ...norm(`${bertLayer}\\.attention\\.output\\.LayerNorm`, 'encoder.$1.attn.norm'),
  ...linear(`${bertLayer}\\.intermediate\\.dense`, 'encoder.$1.ffn.up'),
  ...linear(`${bertLayer}\\.output\\.dense`, 'encoder.$1.ffn.down'),
  ...norm(`${bertLayer}\\.output\\.LayerNorm`, 'encoder.$1.ffn.norm'),
  ...linear('pooler\\.dense', 'pooler'),
];

const distilLayer = 'layer\\.(\\d+)';
const distilbertTensors: readonly Rule[] = [
  ...bertEmbeddings,
  ...linear(`${distilLayer}\\.attention\\.(q|k|v|out)_lin`, 'encoder.$1.attn.$2'),
  ...norm(`${distilLayer}\\.sa_layer_norm`, 'encoder.$1.attn.norm'),
  ...linear(`${distilLayer}\\.ffn\\.lin1`, 'encoder.$1.ffn.up'),
  ...linear(`${distilLayer}\\.ffn\\.lin2`, 'encoder.$1.ffn.down'),
  ...norm(`${distilLayer}\\.output_layer_norm`, 'encoder.$1.ffn.norm'),
];

export const bert: FamilyTable = {
  shape: bertShape,
  stacks: ['encoder'],
  harmlessKeys: ['tie_word_embeddings'],
  tensors: bertTensors,
  harmlessTensors: [/^(cls|classifier|qa_outputs)\./],
};

export const roberta: FamilyTable = {
  ...bert,
  shape: robertaShape,
  harmlessTensors: [/^(lm_head|classifier|qa_outputs)\./],
};

export const distilbert: FamilyTable = {
  shape: distilbertShape,
  stacks: ['encoder'],
  harmlessKeys: ['tie_word_embeddings', 'tie_weights_', 'qa_dropout', 'seq_classif_dropout', 'sinusoidal_pos_embds'],
  tensors: distilbertTensors,
  harmlessTensors: [/^(vocab_transform|vocab_layer_norm|vocab_projector|pre_classifier|classifier|qa_outputs)\./],
};
