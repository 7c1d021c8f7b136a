import { UserError } from '../../../errors';
import { plainRotary } from '../../rope';
import type { Rotary } from '../../shape';
import { agreedIn, demand, positiveIn, type Config } from '../fields';
import { scalingOf } from './scaling';

/** What families say otherwise of their rotary positions. */
export interface RopeOf {
  /** The base where the config names none. */
  readonly base: number;
  readonly headWidth: number;
  /** Key of the share of columns that turn, and the share where it is left out; families without turn all. */
  readonly share?: { readonly key: string; readonly usual: number };
  readonly baseKey?: string;
}

/**
 * Older configs hold the base beside an optional `rope_scaling`, newer ones all inside `rope_parameters`. What stands in
 * both must agree.
 */
export function rotaryOf(config: Config, of: RopeOf): Rotary {
  const [newer, older] = [recordOf(config['rope_parameters']), recordOf(config['rope_scaling'])];
  const rope = isSaid(newer) ? newer : older;
  const base = agreedIn(
    [
      [rope, 'rope_theta'],
      [older, 'rope_theta'],
      [config, 'rope_theta'],
      [config, of.baseKey ?? 'rope_theta'],
    ],
    of.base,
  );
  const share = of.share === undefined ? 1 : shareOf(config, rope, of.share);
  const columns = Math.floor(of.headWidth * share);
  return {
    ...plainRotary(base),
    columns: columns === of.headWidth ? 'all' : columns,
    ...scalingIn(config, columns / 2),
  };
}

function scalingIn(config: Config, pairs: number): Partial<Rotary> {
  const given = [config['rope_parameters'], config['rope_scaling']].map(recordOf);
  const [scaling, other] = given.filter(isSaid).map((rope) => scalingOf(config, rope, pairs));
  if (other === undefined || JSON.stringify(other) === JSON.stringify(scaling)) return scaling ?? {};
  throw new UserError(
    'config.json: rope_scaling and rope_parameters scale rotary positions in two ways: keep the one that the model was trained with',
  );
}

function shareOf(config: Config, rope: Config, { key, usual }: NonNullable<RopeOf['share']>): number {
  const places = [
    [rope, 'partial_rotary_factor'],
    [config, 'partial_rotary_factor'],
    [config, key],
  ] as const;
  const share = agreedIn(places, usual);
  if (share > 1) throw new UserError(`config.json: ${share} of a head cannot turn: give a share from 0 to 1`);
  return share;
}

/** Layers that see near tokens alone turn by a base of their own (Gemma 3, ModernBERT). */
export function twoRotaries(
  config: Config,
  of: RopeOf,
  local: { readonly key: string; readonly base: number },
): Rotary {
  const rope = recordOf(config['rope_parameters']);
  if (rope['full_attention'] === undefined)
    return { ...rotaryOf(config, of), localBase: positiveIn(config, local.key, local.base) };
  const near = recordOf(rope['sliding_attention']);
  demand(near, 'rope_type', ['default']);
  const beside = [...besideKeys, of.baseKey ?? 'rope_theta'].map((key) => [key, config[key]] as const);
  const full = rotaryOf({ ...Object.fromEntries(beside), rope_parameters: rope['full_attention'] }, of);
  const places = [
    [near, 'rope_theta'],
    [config, local.key],
  ] as const;
  return { ...full, localBase: agreedIn(places, local.base) };
}

/** What may stand beside the rotary record of full attention. */
const besideKeys: readonly string[] = ['max_position_embeddings', 'rope_theta', 'rope_scaling'];

function recordOf(value: unknown): Config {
  const record = value ?? {};
  if (typeof record === 'object' && !Array.isArray(record)) return record as Config;
  throw new UserError(
    `config.json describes rotary positions by ${JSON.stringify(value)}, which is no record: copy the model's config.json again`,
  );
}

function isSaid(record: Config): boolean {
  return Object.keys(record).length > 0;
}
