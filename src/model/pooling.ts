import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { recordIn } from './checkpoint/regular';
import { demandRead, watched } from './checkpoint/watched';
import type { ModelShape } from './shape';

/** The modes of sentence-transformers (its Pooling.py): the flag of each, and its name in newer files. */
const flags: Readonly<Record<string, string>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
};

const read: ReadonlyMap<string, ModelShape['pooling']> = new Map([
  ['cls', 'first'],
  ['mean', 'mean'],
  ['lasttoken', 'last'],
]);

/** Widths, which the model's own config has, and whether a prompt's tokens count: none is put in front here. */
const harmless: readonly string[] = ['word_embedding_dimension', 'embedding_dimension', 'include_prompt'];

/**
 * How a sentence model's `1_Pooling/config.json` makes one vector of a text; null where the folder has no such part.
 * Throws a UserError on what is not computed here.
 */
export function poolingIn(folder: string): ModelShape['pooling'] | null {
  if (!existsSync(join(folder, '1_Pooling'))) return null;
  const path = join(folder, '1_Pooling', 'config.json');
  if (!existsSync(path))
    throw new UserError(`${path} is missing, which says how the model reads a text: copy it, or remove 1_Pooling`);
  const seen = watched(recordIn(path));
  const modes = modesOf(seen.record, path);
  const pooling = modes.length === 1 ? read.get(modes[0] as string) : undefined;
  if (pooling === undefined)
    throw new UserError(
      `${path} asks for pooling by ${modes.join(' and ') || 'nothing'}, and this project reads ${[...read.keys()].join(', ')} alone: choose another model, or remove 1_Pooling to use the model's usual reading`,
    );
  demandRead(seen, path, (key) => harmless.includes(key));
  return pooling;
}

/** One name, several, or flags, of which the mean's alone is set where the file leaves it out. */
function modesOf(config: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const set = Object.entries(flags).filter(([flag, mode]) => {
    const value = config[flag] ?? mode === 'mean';
    if (typeof value === 'boolean') return value;
    throw new UserError(`${path}: "${flag}" must be true or false, not ${JSON.stringify(value)}: copy it again`);
  });
  const named = config['pooling_mode'] ?? undefined;
  if (named === undefined) return set.map(([, mode]) => mode);
  return (Array.isArray(named) ? named : [named]).map(String);
}
