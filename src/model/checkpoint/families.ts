import { UserError } from '../../errors';
import type { ModelShape } from '../shape';
import { activationNamed, activationOf, demand, headsOf, numberIn, outputOf, type Config } from './fields';

const noOutput = { kind: 'none', scale: 1 } as const;

function bert(config: Config): ModelShape {
  demand(config, 'position_embedding_type', ['absolute']);
  demand(config, 'is_decoder', [false]);
  return {
    family: 'bert',
    ...headsOf(numberIn(config, 'hidden_size', 768), numberIn(config, 'num_attention_heads', 12)),
    ffnWidth: numberIn(config, 'intermediate_size', 3072),
    encoderLayers: numberIn(config, 'num_hidden_layers', 12),
    decoderLayers: 0,
    vocabulary: numberIn(config, 'vocab_size', 30522),
    positions: { kind: 'learned', rows: numberIn(config, 'max_position_embeddings', 512), offset: 0 },
    tokenTypes: numberIn(config, 'type_vocab_size', 2),
    norm: { kind: 'layer', epsilon: numberIn(config, 'layer_norm_eps', 1e-12), place: 'post', final: false },
    embeddingNorm: true,
    embeddingScale: 1,
    activation: activationOf(config, 'hidden_act', 'gelu'),
    gatedFfn: false,
    biases: true,
    pooler: true,
    output: noOutput,
    pooling: 'first',
  };
}

/** Positions start after the padding id. */
function roberta(config: Config): ModelShape {
  const rows = numberIn(config, 'max_position_embeddings', 514);
  return {
    ...bert(config),
    family: 'roberta',
    positions: { kind: 'learned', rows, offset: numberIn(config, 'pad_token_id', 1) + 1 },
  };
}

function distilbert(config: Config): ModelShape {
  return {
    ...bert({}),
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

function gpt2(config: Config): ModelShape {
  demand(config, 'scale_attn_by_inverse_layer_idx', [false]);
  demand(config, 'scale_attn_weights', [true]);
  demand(config, 'add_cross_attention', [false]);
  const width = numberIn(config, 'n_embd', 768);
  return {
    ...bert({}),
    family: 'gpt2',
    ...headsOf(width, numberIn(config, 'n_head', 12)),
    ffnWidth: numberIn(config, 'n_inner', 4 * width),
    encoderLayers: 0,
    decoderLayers: numberIn(config, 'n_layer', 12),
    vocabulary: numberIn(config, 'vocab_size', 50257),
    tokenTypes: 0,
    positions: { kind: 'learned', rows: numberIn(config, 'n_positions', 1024), offset: 0 },
    norm: { kind: 'layer', epsilon: numberIn(config, 'layer_norm_epsilon', 1e-5), place: 'pre', final: true },
    embeddingNorm: false,
    activation: activationOf(config, 'activation_function', 'gelu_new'),
    pooler: false,
    output: outputOf(config, true),
    pooling: 'last',
  };
}

function llama(config: Config): ModelShape {
  demand(config, 'attention_bias', [false]);
  demand(config, 'mlp_bias', [false]);
  const width = numberIn(config, 'hidden_size', 4096);
  const heads = numberIn(config, 'num_attention_heads', 32);
  const headWidth = numberIn(config, 'head_dim', width / heads);
  return {
    ...gpt2({}),
    family: 'llama',
    width,
    heads,
    headWidth,
    keyValueHeads: numberIn(config, 'num_key_value_heads', heads),
    attentionScale: 1 / Math.sqrt(headWidth),
    ffnWidth: numberIn(config, 'intermediate_size', 11008),
    decoderLayers: numberIn(config, 'num_hidden_layers', 32),
    vocabulary: numberIn(config, 'vocab_size', 32000),
    positions: { kind: 'rotary', base: rotaryBase(config), pairs: 'half' },
    norm: { kind: 'rms', epsilon: numberIn(config, 'rms_norm_eps', 1e-6), place: 'pre', final: true },
    activation: activationOf(config, 'hidden_act', 'silu'),
    gatedFfn: true,
    biases: false,
    output: outputOf(config, false),
  };
}

/** Older configs hold the base beside an optional `rope_scaling`, newer ones inside `rope_parameters`. */
function rotaryBase(config: Config): number {
  const rope = (config['rope_parameters'] ?? config['rope_scaling'] ?? {}) as Config;
  const kind = rope['rope_type'] ?? rope['type'] ?? 'default';
  if (kind !== 'default')
    throw new UserError(
      `config.json: rotary positions of type "${String(kind)}" are not supported, only "default": choose another checkpoint`,
    );
  return numberIn(rope, 'rope_theta', numberIn(config, 'rope_theta', 10000));
}

function bart(config: Config): ModelShape {
  for (const part of ['layers', 'attention_heads', 'ffn_dim']) numberIn(config, `encoder_${part}`);
  demand(config, 'decoder_attention_heads', [config['encoder_attention_heads']]);
  demand(config, 'decoder_ffn_dim', [config['encoder_ffn_dim']]);
  const width = numberIn(config, 'd_model', 1024);
  return {
    ...bert({}),
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

function mbart(config: Config): ModelShape {
  return { ...bart(config), family: 'mbart', norm: { kind: 'layer', epsilon: 1e-5, place: 'pre', final: true } };
}

/** v1.0: ReLU, one table for words and output, hidden states scaled before it. v1.1: gated GELU, a table of its own. */
function t5(config: Config): ModelShape {
  const width = numberIn(config, 'd_model', 512);
  const heads = numberIn(config, 'num_heads', 8);
  const words = String(config['feed_forward_proj'] ?? 'relu').split('-');
  const gated = words.length > 1 && words[0] === 'gated';
  const activation = words[words.length - 1] ?? '';
  const output = outputOf(config, true);
  const layers = numberIn(config, 'num_layers', 6);
  return {
    ...bert({}),
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
    norm: { kind: 'rms', epsilon: numberIn(config, 'layer_norm_epsilon', 1e-6), place: 'pre', final: true },
    embeddingNorm: false,
    activation: activationNamed(gated && activation === 'gelu' ? 'gelu_new' : activation, 'feed_forward_proj'),
    gatedFfn: gated,
    biases: false,
    pooler: false,
    output: output.kind === 'tied' ? { kind: 'tied', scale: 1 / Math.sqrt(width) } : output,
    pooling: 'last',
  };
}

/** By `model_type`. */
export const families: Readonly<Record<string, (config: Config) => ModelShape>> = {
  bert,
  roberta,
  'xlm-roberta': roberta,
  distilbert,
  gpt2,
  llama,
  bart,
  mbart,
  t5,
};
