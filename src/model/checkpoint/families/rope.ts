import { UserError } from '../../../errors';
import { plainRotary } from '../../rope';
import type { RopeScaling, Rotary } from '../../shape';
import { demand, numberIn, type Config } from '../fields';

/** What families say otherwise of their rotary positions. */
export interface RopeOf {
  /** The base where the config names none. */
  readonly base: number;
  readonly headWidth: number;
  /** Key of the share of columns that turn, and the share where it is left out; families without turn all. */
  readonly share?: { readonly key: string; readonly usual: number };
  readonly baseKey?: string;
}

/** Older configs hold the base beside an optional `rope_scaling`, newer ones all inside `rope_parameters`. */
export function rotaryOf(config: Config, of: RopeOf): Rotary {
  const rope = recordOf(config['rope_parameters'] ?? config['rope_scaling']);
  const base = numberIn(rope, 'rope_theta', numberIn(config, of.baseKey ?? 'rope_theta', of.base));
  const share = of.share === undefined ? 1 : shareOf(config, rope, of.share);
  const columns = Math.floor(of.headWidth * share);
  return {
    ...plainRotary(base),
    columns: columns === of.headWidth ? 'all' : columns,
    ...scalingOf(config, rope, columns / 2),
  };
}

function shareOf(config: Config, rope: Config, { key, usual }: NonNullable<RopeOf['share']>): number {
  const beside = numberIn(config, 'partial_rotary_factor', numberIn(config, key, usual));
  return numberIn(rope, 'partial_rotary_factor', beside);
}

/** Layers that see near tokens alone turn by a base of their own (Gemma 3, ModernBERT). */
export function twoRotaries(
  config: Config,
  of: RopeOf,
  local: { readonly key: string; readonly base: number },
): Rotary {
  const rope = recordOf(config['rope_parameters']);
  if (rope['full_attention'] === undefined)
    return { ...rotaryOf(config, of), localBase: numberIn(config, local.key, local.base) };
  const near = recordOf(rope['sliding_attention']);
  demand(near, 'rope_type', ['default']);
  const full = rotaryOf({ ...plain(config), rope_parameters: rope['full_attention'] }, of);
  return { ...full, localBase: numberIn(near, 'rope_theta', local.base) };
}

/** The keys that scaling asks for beside the rotary record. */
function plain(config: Config): Config {
  return { max_position_embeddings: config['max_position_embeddings'] };
}

function recordOf(value: unknown): Config {
  return (value ?? {}) as Config;
}

function scalingOf(config: Config, rope: Config, pairs: number): Partial<Rotary> {
  const kind = String(rope['rope_type'] ?? rope['type'] ?? 'default');
  demand(rope, 'type', [kind]); // its older name stands beside it at times
  switch (kind) {
    case 'default':
      return {};
    case 'linear':
      return { scaling: { kind, factor: numberIn(rope, 'factor') } };
    case 'dynamic':
      numberIn(rope, 'factor'); // up to the model's own length it changes nothing
      return { longest: numberIn(config, 'max_position_embeddings') };
    case 'llama3':
      return { scaling: llama3Of(rope) };
    case 'yarn':
      return { scaling: yarnOf(config, rope) };
    case 'longrope':
      return longropeOf(config, rope, pairs);
    default:
      throw new UserError(
        `config.json: rotary positions of type "${kind}" are not supported, only default, linear, dynamic, llama3, yarn, longrope: choose another checkpoint`,
      );
  }
}

function llama3Of(rope: Config): RopeScaling {
  return {
    kind: 'llama3',
    factor: numberIn(rope, 'factor'),
    lowFrequency: numberIn(rope, 'low_freq_factor'),
    highFrequency: numberIn(rope, 'high_freq_factor'),
    original: numberIn(rope, 'original_max_position_embeddings'),
  };
}

function yarnOf(config: Config, rope: Config): RopeScaling {
  const original = numberIn(rope, 'original_max_position_embeddings');
  const factor = ratioOf(config, rope, original);
  const [scale, scaleAll] = [numberIn(rope, 'mscale', 0), numberIn(rope, 'mscale_all_dim', 0)];
  const magnitude = (by: number): number => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  const usual = scale !== 0 && scaleAll !== 0 ? magnitude(scale) / magnitude(scaleAll) : magnitude(1);
  return {
    kind: 'yarn',
    factor,
    fast: numberIn(rope, 'beta_fast', 32),
    slow: numberIn(rope, 'beta_slow', 1),
    original,
    truncate: rope['truncate'] !== false,
    magnitude: numberIn(rope, 'attention_factor', usual),
  };
}

/** Short texts have factors of their own, and longer ones are refused: their first tokens would turn otherwise. */
function longropeOf(config: Config, rope: Config, pairs: number): Partial<Rotary> {
  const beside = config['original_max_position_embeddings'] ?? undefined;
  if (beside === undefined && config['rope_parameters'] === undefined)
    throw new UserError(
      'config.json: longrope without original_max_position_embeddings beside it is read in two ways by transformers 4 and 5: add the key',
    );
  const original = numberIn(rope, 'original_max_position_embeddings', beside as number | undefined);
  const factor = ratioOf(config, rope, original);
  const factors = rope['short_factor'];
  const fits =
    Array.isArray(factors) && factors.length === pairs && factors.every((x) => typeof x === 'number' && x > 0);
  if (!fits)
    throw new UserError(
      `config.json: longrope needs ${pairs} positive numbers as "short_factor": copy config.json again`,
    );
  void rope['long_factor']; // of texts beyond `longest`
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  const magnitude = numberIn(rope, 'attention_factor', usual);
  return { scaling: { kind: 'longrope', factors: factors as readonly number[], magnitude }, longest: original };
}

/** transformers 4 takes the ratio of lengths, transformers 5 the stated factor: they must be one. */
function ratioOf(config: Config, rope: Config, original: number): number {
  const ratio = numberIn(config, 'max_position_embeddings') / original;
  const factor = numberIn(rope, 'factor', ratio);
  if (Math.abs(factor / ratio - 1) < 1e-6) return factor;
  throw new UserError(
    `config.json: rotary positions have factor ${factor}, but max_position_embeddings is ${ratio} times the original length; transformers 4 takes the one and transformers 5 the other: make them agree`,
  );
}
