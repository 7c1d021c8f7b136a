import { UserError } from '../../../errors';
import type { RopeScaling, Rotary } from '../../shape';
import { agreedIn, demand, flagIn, numberIn, positiveIn, type Config } from '../fields';

/** How a rotary record scales positions. @param pairs how many of a head turn */
export function scalingOf(config: Config, rope: Config, pairs: number): Partial<Rotary> {
  const kind = kindOf(rope);
  switch (kind) {
    case 'default':
      return {};
    case 'linear':
      return { scaling: { kind, factor: positiveIn(rope, 'factor') } };
    case 'dynamic':
      positiveIn(rope, 'factor'); // up to the model's own length it changes nothing
      return { longest: positiveIn(config, 'max_position_embeddings') };
    case 'llama3':
      return { scaling: llama3Of(config, rope) };
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

function kindOf(rope: Config): string {
  const kind = String(rope['rope_type'] ?? rope['type'] ?? 'default');
  demand(rope, 'type', [kind]); // its older name stands beside it at times
  return kind;
}

function llama3Of(config: Config, rope: Config): RopeScaling {
  const [low, high] = [positiveIn(rope, 'low_freq_factor'), positiveIn(rope, 'high_freq_factor')];
  if (low >= high)
    throw new UserError(
      `config.json: "low_freq_factor" ${low} must be less than "high_freq_factor" ${high}: copy the model's config.json again`,
    );
  return {
    kind: 'llama3',
    factor: positiveIn(rope, 'factor'),
    lowFrequency: low,
    highFrequency: high,
    original: originalOf(config, rope),
  };
}

/** The length that a model was trained at before its positions were scaled. */
function originalOf(config: Config, rope: Config): number {
  const key = 'original_max_position_embeddings';
  return agreedIn([
    [rope, key],
    [config, key],
  ]);
}

function yarnOf(config: Config, rope: Config): RopeScaling {
  const original = originalOf(config, rope);
  const factor = ratioOf(config, rope, original);
  const [scale, scaleAll] = [numberIn(rope, 'mscale', 0), numberIn(rope, 'mscale_all_dim', 0)];
  const magnitude = (by: number): number => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  const usual = scale !== 0 && scaleAll !== 0 ? magnitude(scale) / magnitude(scaleAll) : magnitude(1);
  return {
    kind: 'yarn',
    factor,
    fast: positiveIn(rope, 'beta_fast', 32),
    slow: positiveIn(rope, 'beta_slow', 1),
    original,
    truncate: flagIn(rope, 'truncate', true),
    magnitude: positiveIn(rope, 'attention_factor', usual),
  };
}

/** Short texts have factors of their own, and longer ones are refused: their first tokens would turn otherwise. */
function longropeOf(config: Config, rope: Config, pairs: number): Partial<Rotary> {
  if ((config['original_max_position_embeddings'] ?? config['rope_parameters'] ?? undefined) === undefined)
    throw new UserError(
      'config.json: longrope without original_max_position_embeddings beside it is read in two ways by transformers 4 and 5: add the key',
    );
  const original = originalOf(config, rope);
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
  const magnitude = positiveIn(rope, 'attention_factor', usual);
  return { scaling: { kind: 'longrope', factors: factors as readonly number[], magnitude }, longest: original };
}

/** transformers 4 takes the ratio of lengths, transformers 5 the stated factor: they must be one. */
function ratioOf(config: Config, rope: Config, original: number): number {
  const ratio = positiveIn(config, 'max_position_embeddings') / original;
  const factor = positiveIn(rope, 'factor', ratio);
  if (Math.abs(factor / ratio - 1) < 1e-6) return factor;
  throw new UserError(
    `config.json: rotary positions have factor ${factor}, but max_position_embeddings is ${ratio} times the original length; transformers 4 takes the one and transformers 5 the other: make them agree`,
  );
}
