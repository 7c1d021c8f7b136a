import { UserError } from '../../../errors';
import type { Biases, ModelShape, Rotary } from '../../shape';
import { activationOf, demand, flagIn, numberIn, outputOf, positiveIn, type Config } from '../fields';
import { linear, norm, type Rule } from '../rules';
import { gpt2Shape } from './gpt2';
import { preRms } from './norms';
import { rotaryOf } from './rope';
import type { FamilyTable } from './table';
import { everywhere, layerNumbers, windowOf, windowedLayers } from './windows';

/** Numbers that Llama's kin have where a config leaves them out, and where they differ from it. */
interface Kind {
  readonly family: ModelShape['family'];
  readonly width?: number;
  readonly ffnWidth?: number;
  readonly layers?: number;
  readonly heads?: number;
  /** `null`: as many as heads. */
  readonly keyValueHeads?: number | null;
  readonly headWidth?: number;
  readonly vocabulary?: number;
  readonly epsilon?: number;
  readonly base?: number;
  readonly tied?: boolean;
  readonly activation?: { readonly key: string; readonly usual: string };
  readonly share?: number;
}

/** What the configs of Llama and its kin have in common. */
export function llamaShape(config: Config, kind: Kind): ModelShape {
  const width = numberIn(config, 'hidden_size', kind.width ?? 4096);
  const heads = numberIn(config, 'num_attention_heads', kind.heads ?? 32);
  const headWidth = numberIn(config, 'head_dim', kind.headWidth ?? width / heads);
  const { key, usual } = kind.activation ?? { key: 'hidden_act', usual: 'silu' };
  return {
    ...gpt2Shape({}),
    family: kind.family,
    width,
    heads,
    headWidth,
    keyValueHeads: numberIn(config, 'num_key_value_heads', kind.keyValueHeads ?? heads),
    attentionScale: 1 / Math.sqrt(headWidth),
    ffnWidth: numberIn(config, 'intermediate_size', kind.ffnWidth ?? 11008),
    decoderLayers: numberIn(config, 'num_hidden_layers', kind.layers ?? 32),
    vocabulary: numberIn(config, 'vocab_size', kind.vocabulary ?? 32000),
    positions: positionsOf(config, headWidth, kind),
    norm: { ...preRms, epsilon: numberIn(config, 'rms_norm_eps', kind.epsilon ?? 1e-6) },
    activation: activationOf(config, key, usual),
    gatedFfn: true,
    biases: { projections: false, out: false, ffn: false },
    output: outputOf(config, kind.tied ?? false),
  };
}

function positionsOf(config: Config, headWidth: number, { base = 10000, share }: Kind): Rotary {
  demand(config, 'rope_interleaved', [false]);
  return rotaryOf(config, {
    base,
    headWidth,
    ...(share === undefined ? {} : { share: { key: 'partial_rotary_factor', usual: share } }),
  });
}

/** Biases as `attention_bias` (queries, keys, values and W_o) and `mlp_bias` say. */
function biasesOf(config: Config): Biases {
  const attention = flagIn(config, 'attention_bias', false);
  return { projections: attention, out: attention, ffn: flagIn(config, 'mlp_bias', false) };
}

function plainShape(config: Config): ModelShape {
  return { ...llamaShape(config, { family: 'llama' }), biases: biasesOf(config) };
}

/** Kin of Llama without biases, whose files say so at times. */
function demandNoBiases(config: Config): void {
  for (const key of ['attention_bias', 'mlp_bias', 'lm_head_bias']) demand(config, key, [false]);
}

function mistralShape(config: Config): ModelShape {
  demandNoBiases(config);
  const shape = llamaShape(config, { family: 'mistral', ffnWidth: 14336, keyValueHeads: 8 });
  return { ...shape, window: everywhere(config, shape.decoderLayers, 4096) };
}

function qwen2Shape(config: Config): ModelShape {
  const shape = llamaShape(config, { family: 'qwen2', ffnWidth: 22016, keyValueHeads: 32, vocabulary: 151936 });
  const biases = { projections: true, out: false, ffn: false };
  return { ...shape, biases, window: qwenWindow(config, shape.decoderLayers) };
}

function qwen3Shape(config: Config): ModelShape {
  const kind = { family: 'qwen3', ffnWidth: 22016, keyValueHeads: 32, headWidth: 128, vocabulary: 151936 } as const;
  const shape = llamaShape(config, kind);
  const biases = { ...biasesOf(config), ffn: false };
  return { ...shape, biases, queryKeyNorm: true, window: qwenWindow(config, shape.decoderLayers) };
}

/** Layers from `max_window_layers` on, where the config turns windows on. */
function qwenWindow(config: Config, layers: number): ModelShape['window'] {
  const on = flagIn(config, 'use_sliding_window', false) && config['sliding_window'] !== null;
  const from = numberIn(config, 'max_window_layers', 28);
  const near = windowedLayers(config, layers, (layer) => on && layer >= from);
  if (near.length > 0) demand(config, 'use_sliding_window', [true]);
  return windowOf(numberIn(config, 'sliding_window', 4096), near);
}

/** A list of 0 and 1 for each layer, or every so many. */
function stillLayers(config: Config, layers: readonly number[]): readonly number[] {
  const every = positiveIn(config, 'no_rope_layer_interval', 4);
  const turns = config['no_rope_layers'] ?? undefined;
  if (turns === undefined) return layers.filter((layer) => (layer + 1) % every === 0);
  if (!Array.isArray(turns) || turns.length !== layers.length || turns.some((turn) => turn !== 0 && turn !== 1))
    throw new UserError(
      `config.json: no_rope_layers must name 0 or 1 for each of ${layers.length} layers, not ${JSON.stringify(turns)}: copy the model's config.json again`,
    );
  return layers.filter((layer) => turns[layer] === 0);
}

/** Every fourth layer has no positions. */
function smollm3Shape(config: Config): ModelShape {
  const kind = {
    family: 'smollm3',
    width: 2048,
    layers: 36,
    heads: 16,
    keyValueHeads: 4,
    base: 2e6,
    tied: true,
  } as const;
  const shape = llamaShape(config, { ...kind, vocabulary: 128256 });
  const layers = layerNumbers(shape.decoderLayers);
  const still = stillLayers(config, layers);
  const on = flagIn(config, 'use_sliding_window', false) && typeof config['sliding_window'] === 'number';
  const near = windowedLayers(config, layers.length, (layer) => on && still.includes(layer));
  return {
    ...shape,
    biases: biasesOf(config),
    positions: { ...(shape.positions as Rotary), still },
    window: windowOf(numberIn(config, 'sliding_window', 0), near),
  };
}

/** Queries, keys and values, and both up matrices, are stored as one. */
function phi3Shape(config: Config): ModelShape {
  demandNoBiases(config);
  for (const key of ['full_attn_mod', 'interpolate_factor']) demand(config, key, [1]); // Phi-4-mini's files
  const kind = { family: 'phi3', width: 3072, ffnWidth: 8192, vocabulary: 32064, epsilon: 1e-5, share: 1 } as const;
  const shape = llamaShape(config, kind);
  return { ...shape, window: everywhere(config, shape.decoderLayers, null) };
}

const layer = 'layers\\.(\\d+)';
export const llamaEnds: readonly Rule[] = [
  [/^embed_tokens\.weight$/, 'embedding.word'],
  [/^lm_head\.weight$/, 'output.weight!'],
];
const tensors: readonly Rule[] = [
  ...llamaEnds,
  ...linear(`${layer}\\.self_attn\\.(q|k|v|o)_proj`, 'decoder.$1.attn.$2'),
  ...norm(`${layer}\\.input_layernorm`, 'decoder.$1.attn.norm'),
  ...linear(`${layer}\\.mlp\\.(gate|up|down)_proj`, 'decoder.$1.ffn.$2'),
  ...norm(`${layer}\\.post_attention_layernorm`, 'decoder.$1.ffn.norm'),
  ...norm('norm', 'decoder.norm'),
];

export const llama: FamilyTable = {
  shape: plainShape,
  stacks: ['decoder'],
  harmlessKeys: ['max_position_embeddings', 'pretraining_tp', 'is_llama_config'],
  tensors,
  harmlessTensors: [/^(score|classifier|qa_outputs)\./],
};

export const mistral: FamilyTable = { ...llama, shape: mistralShape };

// transformers gives queries, keys and values a bias whatever the file says
export const qwen2: FamilyTable = {
  ...llama,
  shape: qwen2Shape,
  harmlessKeys: [...llama.harmlessKeys, 'attention_bias'],
};

export const qwen3: FamilyTable = {
  ...llama,
  shape: qwen3Shape,
  tensors: [
    ...tensors,
    ...norm(`${layer}\\.self_attn\\.q_norm`, 'decoder.$1.attn.queryNorm'),
    ...norm(`${layer}\\.self_attn\\.k_norm`, 'decoder.$1.attn.keyNorm'),
  ],
};

export const smollm3: FamilyTable = {
  ...llama,
  shape: smollm3Shape,
  harmlessKeys: [...llama.harmlessKeys, 'max_window_layers'],
};

export const phi3: FamilyTable = {
  ...llama,
  shape: phi3Shape,
  harmlessKeys: [...llama.harmlessKeys, 'original_max_position_embeddings', 'resid_pdrop', 'embd_pdrop'],
  tensors: [
    [/^layers\.(\d+)\.self_attn\.qkv_proj\.weight$/, 'decoder.$1.attn.{query,key,value}.weight!'],
    [/^layers\.(\d+)\.mlp\.gate_up_proj\.weight$/, 'decoder.$1.ffn.{gate,up}.weight!'],
    ...tensors,
  ],
};
