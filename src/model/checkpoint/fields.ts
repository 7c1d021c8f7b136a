import { entryOf } from '../../entry';
import { UserError } from '../../errors';
import type { ModelShape } from '../shape';

/** A Hugging Face config.json. */
export type Config = Readonly<Record<string, unknown>>;

/** A number of the config, or the default that transformers uses. */
export function numberIn(config: Config, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new UserError(
      `config.json: "${key}" must be a number that is not negative, not ${JSON.stringify(value)}: copy the model's config.json again`,
    );
  }
  return value;
}

/** The same where 0 has no meaning: it divides, or turns nothing. */
export function positiveIn(config: Config, key: string, fallback?: number): number {
  const value = numberIn(config, key, fallback);
  if (value > 0) return value;
  throw new UserError(`config.json: "${key}" must be more than 0: copy the model's config.json again`);
}

/** A setting, and the records and keys that may hold it. */
type Places = readonly (readonly [record: Config, key: string])[];

/**
 * A positive number that a config may hold in several places, or the default. Throws a UserError where two of them
 * disagree: versions of transformers take now the one and now the other.
 */
export function agreedIn(places: Places, fallback?: number): number {
  const [first, ...others] = places.filter(([record, key]) => (record[key] ?? undefined) !== undefined);
  const [record, key] = first ?? places[0] ?? [{}, ''];
  const value = positiveIn(record, key, fallback);
  const other = others.find(([at, name]) => at[name] !== value);
  if (other === undefined) return value;
  throw new UserError(
    `config.json: "${key}" is ${value} in one place, and "${other[1]}" is ${JSON.stringify(other[0][other[1]])} in another: keep the one that the model was trained with`,
  );
}

/**
 * A switch of the config, or the default that transformers uses. Python takes 1 for true and null for false, so that
 * only the two words themselves can be read in one way.
 */
export function flagIn(config: Config, key: string, fallback: boolean): boolean {
  const value = config[key];
  if (typeof value === 'boolean') return value;
  if (value === undefined || (value === null && !fallback)) return fallback;
  throw new UserError(
    `config.json: "${key}" must be true or false, not ${JSON.stringify(value)}: write the one that the model was trained with`,
  );
}

const activationNames: Readonly<Record<string, ModelShape['activation']>> = {
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

export function activationOf(config: Config, key: string, fallback: string): ModelShape['activation'] {
  return activationNamed(String(config[key] ?? fallback), key);
}

export function activationNamed(name: string, key: string): ModelShape['activation'] {
  const activation = entryOf(activationNames, name);
  if (activation === undefined)
    throw new UserError(
      `config.json: ${key} "${name}" is not supported: known are ${Object.keys(activationNames).join(', ')}`,
    );
  return activation;
}

/** Refuses a setting that would change what the model computes in a way that is not built here. */
export function demand(config: Config, key: string, allowed: readonly unknown[]): void {
  const value = config[key];
  if (value !== undefined && value !== null && !allowed.includes(value)) {
    throw new UserError(
      `config.json: ${key} ${JSON.stringify(value)} is not supported, only ${allowed.map((a) => JSON.stringify(a)).join(' or ')}: choose another checkpoint`,
    );
  }
}

/** Width of a head and what follows from it. */
export function headsOf(
  width: number,
  heads: number,
): Pick<ModelShape, 'width' | 'heads' | 'keyValueHeads' | 'headWidth' | 'attentionScale'> {
  const headWidth = width / heads;
  return { width, heads, keyValueHeads: heads, headWidth, attentionScale: 1 / Math.sqrt(headWidth) };
}

export function outputOf(config: Config, tiedByDefault: boolean): ModelShape['output'] {
  return { kind: flagIn(config, 'tie_word_embeddings', tiedByDefault) ? 'tied' : 'own', scale: 1 };
}

/** Whether transformers 5 wrote the config, which reads some keys otherwise than transformers 4. */
export function writtenBy5(config: Config): boolean {
  return parseInt(String(config['transformers_version'])) >= 5;
}
