import { UserError } from '../../../errors';
import type { ModelShape } from '../../shape';
import { activationOf, demand, numberIn, outputOf, type Config } from '../fields';
import { linear, norm, type Rule } from '../rules';
import { gpt2Shape } from './gpt2';
import type { FamilyTable } from './table';

function llamaShape(config: Config): ModelShape {
  demand(config, 'attention_bias', [false]);
  demand(config, 'mlp_bias', [false]);
  demand(config, 'rope_interleaved', [false]);
  const width = numberIn(config, 'hidden_size', 4096);
  const heads = numberIn(config, 'num_attention_heads', 32);
  const headWidth = numberIn(config, 'head_dim', width / heads);
  return {
    ...gpt2Shape({}),
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

const llamaLayer = 'layers\\.(\\d+)';
const tensors: readonly Rule[] = [
  [/^embed_tokens\.weight$/, 'embedding.word'],
  ...linear(`${llamaLayer}\\.self_attn\\.(q|k|v|o)_proj`, 'decoder.$1.attn.$2'),
  ...norm(`${llamaLayer}\\.input_layernorm`, 'decoder.$1.attn.norm'),
  ...linear(`${llamaLayer}\\.mlp\\.(gate|up|down)_proj`, 'decoder.$1.ffn.$2'),
  ...norm(`${llamaLayer}\\.post_attention_layernorm`, 'decoder.$1.ffn.norm'),
  ...norm('norm', 'decoder.norm'),
  [/^lm_head\.weight$/, 'output.weight!'],
];

export const llama: FamilyTable = {
  shape: llamaShape,
  stacks: ['decoder'],
  harmlessKeys: ['max_position_embeddings', 'pretraining_tp', 'is_llama_config'],
  tensors,
  harmlessTensors: [/^(score|classifier|qa_outputs)\./],
};
