import type { ModelShape } from '../../shape';
import { agreedIn, demand, numberIn, positiveIn, type Config } from '../fields';
import { linear, offsetNorm, type Rule } from '../rules';
import { llama, llamaEnds, llamaShape } from './llama';
import { twoRotaries } from './rope';
import type { FamilyTable } from './table';
import { windowedLayers, windowOf } from './windows';

const sizes = {
  ffnWidth: 24576,
  layers: 28,
  heads: 16,
  keyValueHeads: 16,
  headWidth: 256,
  vocabulary: 256000,
} as const;
const tanh = 'gelu_pytorch_tanh';

/** The word vectors are scaled by sqrt(d) and norms are stored less 1. */
function gemmaShape(config: Config): ModelShape {
  demand(config, 'attention_bias', [false]);
  demand(config, 'use_bidirectional_attention', [false]);
  // "gelu" is the exact one to transformers 4 and the other to transformers 5
  for (const key of ['hidden_act', 'hidden_activation']) demand(config, key, [tanh]);
  const activation = { key: 'hidden_act', usual: tanh };
  const shape = llamaShape(config, { family: 'gemma', width: 3072, ...sizes, tied: true, activation });
  return { ...shape, embeddingScale: Math.sqrt(shape.width) };
}

/** Norms around each sub-layer, soft caps, a window in every other layer. */
function gemma2Shape(config: Config): ModelShape {
  const layers = numberIn(config, 'num_hidden_layers', 26);
  const near = windowedLayers(config, layers, (layer) => layer % 2 === 0);
  return cappedShape(config, near, { attention: 50, output: 30 });
}

/** Norms of queries and keys in place of soft caps; windowed layers, five of six, turn faster. */
function gemma3Shape(config: Config): ModelShape {
  const layers = numberIn(config, 'num_hidden_layers', 26);
  const every = agreedIn(
    [
      [config, '_sliding_window_pattern'],
      [config, 'sliding_window_pattern'],
    ],
    6,
  );
  const near = windowedLayers(config, layers, (layer) => (layer + 1) % every !== 0);
  const shape = cappedShape(config, near, { attention: null, output: null }, 262208);
  const local = { key: 'rope_local_base_freq', base: 10000 };
  return {
    ...shape,
    family: 'gemma3_text',
    queryKeyNorm: true,
    positions: twoRotaries(config, { base: 1e6, headWidth: shape.headWidth }, local),
  };
}

function cappedShape(
  config: Config,
  near: readonly number[],
  usual: ModelShape['softCap'],
  vocabulary: number = sizes.vocabulary,
): ModelShape {
  demand(config, 'attention_bias', [false]);
  demand(config, 'use_bidirectional_attention', [false]);
  const activation = { key: 'hidden_activation', usual: tanh };
  demand(config, 'hidden_act', [config['hidden_activation'] ?? tanh]); // unread by transformers
  const own = { width: 2304, ffnWidth: 9216, layers: 26, heads: 8, keyValueHeads: 4, tied: true, activation };
  const shape = llamaShape(config, { ...sizes, ...own, family: 'gemma2', vocabulary });
  const cap = (key: string, otherwise: number | null): number | null =>
    config[key] === null || (config[key] === undefined && otherwise === null)
      ? null
      : positiveIn(config, key, otherwise ?? undefined);
  return {
    ...shape,
    norm: { ...shape.norm, output: true },
    embeddingScale: Math.sqrt(shape.width),
    attentionScale: positiveIn(config, 'query_pre_attn_scalar', 256) ** -0.5,
    softCap: {
      attention: cap('attn_logit_softcapping', usual.attention),
      output: cap('final_logit_softcapping', usual.output),
    },
    window: windowOf(numberIn(config, 'sliding_window', 4096), near),
  };
}

const layer = 'layers\\.(\\d+)';
const shared: readonly Rule[] = [
  ...llamaEnds,
  ...linear(`${layer}\\.self_attn\\.(q|k|v|o)_proj`, 'decoder.$1.attn.$2'),
  ...offsetNorm(`${layer}\\.input_layernorm`, 'decoder.$1.attn.norm'),
  ...linear(`${layer}\\.mlp\\.(gate|up|down)_proj`, 'decoder.$1.ffn.$2'),
  ...offsetNorm('norm', 'decoder.norm'),
];
const around: readonly Rule[] = [
  ...shared,
  ...offsetNorm(`${layer}\\.post_attention_layernorm`, 'decoder.$1.attn.outputNorm'),
  ...offsetNorm(`${layer}\\.pre_feedforward_layernorm`, 'decoder.$1.ffn.norm'),
  ...offsetNorm(`${layer}\\.post_feedforward_layernorm`, 'decoder.$1.ffn.outputNorm'),
];

export const gemma: FamilyTable = {
  ...llama,
  shape: gemmaShape,
  tensors: [...shared, ...offsetNorm(`${layer}\\.post_attention_layernorm`, 'decoder.$1.ffn.norm')],
};

export const gemma2: FamilyTable = { ...llama, shape: gemma2Shape, tensors: around };

export const gemma3: FamilyTable = {
  ...llama,
  shape: gemma3Shape,
  tensors: [
    ...around,
    ...offsetNorm(`${layer}\\.self_attn\\.q_norm`, 'decoder.$1.attn.queryNorm'),
    ...offsetNorm(`${layer}\\.self_attn\\.k_norm`, 'decoder.$1.attn.keyNorm'),
  ],
};
