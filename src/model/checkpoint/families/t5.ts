import { biasesOn, type ModelShape } from '../../shape';
import { activationNamed, flagIn, numberIn, outputOf, writtenBy5, type Config } from '../fields';
import { linear, type Rule } from '../rules';
import { bertShape } from './bert';
import { preRms } from './norms';
import type { FamilyTable } from './table';

/**
 * v1.0: ReLU, one table for words and output, hidden states scaled before it. v1.1: gated GELU, a table of its own.
 * transformers 5 says in `scale_decoder_outputs` what `tie_word_embeddings` said before, and always writes that as true.
 */
function t5Shape(config: Config, tied = true): ModelShape {
  const width = numberIn(config, 'd_model', 512);
  const heads = numberIn(config, 'num_heads', 8);
  const words = String(config['feed_forward_proj'] ?? 'relu').split('-');
  const gated = flagIn(config, 'is_gated_act', words.length > 1 && words[0] === 'gated');
  const named = words[words.length - 1] ?? '';
  const activation = String(config['dense_act_fn'] ?? (gated && named === 'gelu' ? 'gelu_new' : named));
  const output = outputOf(config, tied);
  const scaled = flagIn(config, 'scale_decoder_outputs', output.kind === 'tied');
  const layers = numberIn(config, 'num_layers', 6);
  return {
    ...bertShape({}),
    family: 't5',
    width,
    heads,
    keyValueHeads: heads,
    headWidth: numberIn(config, 'd_kv', 64),
    attentionScale: 1,
    ffnWidth: numberIn(config, 'd_ff', 2048),
    encoderLayers: layers,
    decoderLayers: numberIn(config, 'num_decoder_layers', layers),
    vocabulary: numberIn(config, 'vocab_size', 32128),
    tokenTypes: 0,
    positions: {
      kind: 'relative',
      buckets: numberIn(config, 'relative_attention_num_buckets', 32),
      maxDistance: numberIn(config, 'relative_attention_max_distance', 128),
    },
    norm: { ...preRms, epsilon: numberIn(config, 'layer_norm_epsilon', 1e-6) },
    embeddingNorm: false,
    activation: activationNamed(activation, 'feed_forward_proj'),
    gatedFfn: gated,
    biases: biasesOn(false),
    pooler: false,
    output: { ...output, scale: scaled ? 1 / Math.sqrt(width) : 1 },
    pooling: 'last',
  };
}

/** T5 v1.1 whose output is never scaled in transformers 5, and only where tied in transformers 4. */
function mt5Shape(config: Config): ModelShape {
  const shape = t5Shape(config, false);
  const scale = writtenBy5(config) ? 1 : shape.output.scale;
  return { ...shape, family: 'mt5', output: { ...shape.output, scale } };
}

const t5Layer = '(encoder|decoder)\\.block\\.(\\d+)\\.layer\\.\\d';
/** The sub-layer's own number says nothing its name does not: norms follow theirs. */
const tensors: readonly Rule[] = [
  [/^shared\.weight$/, 'embedding.word'],
  [/^(encoder|decoder)\.embed_tokens\.weight$/, '$1.word'],
  [/^(encoder|decoder)\.block\.0\.layer\.0\.SelfAttention\.relative_attention_bias\.weight$/, '$1.relative'],
  ...linear(`${t5Layer}\\.SelfAttention\\.(q|k|v|o)`, '$1.$2.attn.$3'),
  ...linear(`${t5Layer}\\.EncDecAttention\\.(q|k|v|o)`, '$1.$2.cross.$3'),
  ...linear(`${t5Layer}\\.DenseReluDense\\.(wi|wi_0|wi_1|wo)`, '$1.$2.ffn.$3'),
  [/^(encoder|decoder)\.block\.(\d+)\.layer\.0\.layer_norm\.weight$/, '$1.$2.attn.norm.gain'],
  [/^encoder\.block\.(\d+)\.layer\.1\.layer_norm\.weight$/, 'encoder.$1.ffn.norm.gain'],
  [/^decoder\.block\.(\d+)\.layer\.1\.layer_norm\.weight$/, 'decoder.$1.cross.norm.gain'],
  [/^decoder\.block\.(\d+)\.layer\.2\.layer_norm\.weight$/, 'decoder.$1.ffn.norm.gain'],
  [/^(encoder|decoder)\.final_layer_norm\.weight$/, '$1.norm.gain'],
  [/^lm_head\.weight$/, 'output.weight!'],
];

export const t5: FamilyTable = {
  shape: (config) => t5Shape(config),
  stacks: ['encoder', 'decoder'],
  harmlessKeys: ['n_positions'],
  tensors,
  // Distances between a source and its target mean nothing: transformers drops this table, too.
  harmlessTensors: [
    /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/,
    /^(classification_head|classifier|qa_outputs)\./,
  ],
};

export const mt5: FamilyTable = { ...t5, shape: mt5Shape, harmlessKeys: ['n_positions', 'max_position_embeddings'] };
