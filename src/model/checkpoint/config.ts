import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import type { ModelShape } from '../shape';

/** A Hugging Face config.json. */
export type Config = Readonly<Record<string, unknown>>;

export function readConfig(folder: string): Config {
  const path = join(folder, 'config.json');
  if (!existsSync(path)) throw new UserError(`model folder ${folder} has no config.json: name a folder saved by save_pretrained, or a model of \`petl models\``);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Config;
  } catch {
    throw new UserError(`${path} is not valid JSON: copy the model's config.json again`);
  }
}

/** The shape that a config describes. Throws a UserError on an architecture that this project does not know. */
export function shapeOf(config: Config): ModelShape {
  const type = String(config['model_type']);
  const make = families[type];
  if (make === undefined) throw new UserError(`model_type "${type}" is not supported: known are ${Object.keys(families).join(', ')}`);
  return make(config);
}

const families: Readonly<Record<string, (config: Config) => ModelShape>> = { bert };

/** A number of the config, or the default that transformers uses. */
export function numberIn(config: Config, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (typeof value !== 'number') throw new UserError(`config.json lacks the number "${key}": copy the model's config.json again`);
  return value;
}

function bert(config: Config): ModelShape {
  const width = numberIn(config, 'hidden_size', 768);
  const heads = numberIn(config, 'num_attention_heads', 12);
  const headWidth = width / heads;
  return {
    family: 'bert', width, heads, keyValueHeads: heads, headWidth,
    ffnWidth: numberIn(config, 'intermediate_size', 3072),
    encoderLayers: numberIn(config, 'num_hidden_layers', 12), decoderLayers: 0,
    vocabulary: numberIn(config, 'vocab_size', 30522),
    positions: { kind: 'learned', rows: numberIn(config, 'max_position_embeddings', 512), offset: 0 },
    tokenTypes: numberIn(config, 'type_vocab_size', 2),
    norm: { kind: 'layer', epsilon: numberIn(config, 'layer_norm_eps', 1e-12), place: 'post', final: false },
    embeddingNorm: true, embeddingScale: 1, activation: activationOf(config, 'hidden_act', 'gelu'), gatedFfn: false, biases: true,
    attentionScale: 1 / Math.sqrt(headWidth), pooler: true, output: { kind: 'none', scale: 1 }, pooling: 'first',
  };
}

const activationNames: Readonly<Record<string, ModelShape['activation']>> = {
  gelu: 'gelu', gelu_new: 'geluTanh', gelu_pytorch_tanh: 'geluTanh', relu: 'relu', silu: 'silu', swish: 'silu',
};

export function activationOf(config: Config, key: string, fallback: string): ModelShape['activation'] {
  const name = String(config[key] ?? fallback);
  const activation = activationNames[name];
  if (activation === undefined) throw new UserError(`config.json: ${key} "${name}" is not supported: known are ${Object.keys(activationNames).join(', ')}`);
  return activation;
}
