import type { ModelShape } from '../../shape';
import { activationOf, demand, flagIn, headsOf, numberIn, outputOf, type Config } from '../fields';
import { linear, norm, type Rule } from '../rules';
import { bertShape } from './bert';
import { postNorm, preNorm } from './norms';
import type { FamilyTable } from './table';

/** A number that both stacks must have. */
function inBoth(config: Config, part: string, usual: number): number {
  const [encoder, decoder] = ['encoder', 'decoder'].map((stack) => `${stack}_${part}`) as [string, string];
  const number = numberIn(config, encoder, usual);
  demand({ [decoder]: numberIn(config, decoder, usual) }, decoder, [number]);
  return number;
}

/** @param learned whether positions are a trained table, from row 2 on */
function bartShape(config: Config, learned = true): ModelShape {
  const heads = inBoth(config, 'attention_heads', 16);
  const ffnWidth = inBoth(config, 'ffn_dim', 4096);
  demand(config, 'normalize_embedding', [learned]);
  demand(config, 'static_position_embeddings', [!learned]);
  if (learned) demand(config, 'extra_pos_embeddings', [2]);
  const rows = numberIn(config, 'max_position_embeddings', 1024);
  const width = numberIn(config, 'd_model', 1024);
  return {
    ...bertShape({}),
    family: 'bart',
    ...headsOf(width, heads),
    ffnWidth,
    encoderLayers: numberIn(config, 'encoder_layers', 12),
    decoderLayers: numberIn(config, 'decoder_layers', 12),
    vocabulary: numberIn(config, 'vocab_size', 50265),
    tokenTypes: 0,
    positions: learned ? { kind: 'learned', rows: rows + 2, offset: 2 } : { kind: 'sinusoidal', rows },
    embeddingNorm: learned,
    norm: { ...postNorm, epsilon: 1e-5 },
    embeddingScale: flagIn(config, 'scale_embedding', false) ? Math.sqrt(width) : 1,
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
  return { ...bartShape(config), family: 'mbart', norm: { ...preNorm, epsilon: 1e-5 } };
}

/** BART with sines for positions and no norm after the embeddings. */
function marianShape(config: Config): ModelShape {
  demandNorms(config, false);
  demand(config, 'share_encoder_decoder_embeddings', [true]);
  const shape = bartShape(config, false);
  demand(config, 'decoder_vocab_size', [config['vocab_size']]);
  return { ...shape, family: 'marian', vocabulary: numberIn(config, 'vocab_size', 58101) };
}

/** The same with its norms where mBART has them. */
function pegasusShape(config: Config): ModelShape {
  demandNorms(config, true);
  return { ...bartShape(config, false), family: 'pegasus', norm: { ...preNorm, epsilon: 1e-5 } };
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

export const marian: FamilyTable = {
  ...bart,
  shape: marianShape,
  harmlessKeys: [...bart.harmlessKeys, 'extra_pos_embeddings'],
};

export const pegasus: FamilyTable = {
  ...bart,
  shape: pegasusShape,
  harmlessKeys: [...bart.harmlessKeys, 'extra_pos_embeddings'],
};
