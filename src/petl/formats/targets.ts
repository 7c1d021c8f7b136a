import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Config } from './folder';
import { bare, blockParts, isNormPart, modulePath } from './modules';
import { matching } from './python-pattern';
import type { Notes } from './report';

/**
 * The modules that PEFT changes by a configuration, of those given, as its `check_target_module_exists` finds them:
 * ends of names, or one pattern for whole names; without those excluded or saved whole; of some layers alone, unless a
 * name is given whole.
 */
export function targeted(config: Config, names: readonly string[]): ReadonlySet<string> {
  const excluded = new Set([...named(config, 'exclude_modules', names), ...savedWhole(config, names)]);
  const chosen = config['target_modules'];
  const found = [...named(config, 'target_modules', names)].filter((name) => !excluded.has(name));
  if (typeof chosen === 'string') return new Set(found);
  const whole = found.filter((name) => Array.isArray(chosen) && chosen.includes(name));
  return new Set([...whole, ...ofLayers(config, found)]);
}

/** Ends of names in a list, or names that a pattern matches whole. */
export function named(config: Config, key: string, names: readonly string[]): ReadonlySet<string> {
  const wanted = config[key];
  if (wanted === undefined || wanted === null) return new Set();
  if (typeof wanted === 'string') return new Set(matching(wanted, names, 'whole').keys());
  const ends = words(wanted, key);
  return new Set(names.filter((name) => ends.some((end) => name === end || name.endsWith(`.${end}`))));
}

/** Modules that are saved whole, and all below them, are never changed. */
function savedWhole(config: Config, names: readonly string[]): readonly string[] {
  return savedNames(config).flatMap((module) => [...matching(`(^|.*\\.)${module}($|\\..*)`, names, 'start').keys()]);
}

/** What `modules_to_save` names. */
export function savedNames({ modules_to_save: saved }: Config): readonly string[] {
  return saved === undefined || saved === null ? [] : words(saved, 'modules_to_save');
}

/** `layers_to_transform` with `layers_pattern`: the first number after a name, or after one of the patterns. */
function ofLayers(config: Config, names: readonly string[]): readonly string[] {
  const [layers, patterns] = [config['layers_to_transform'], config['layers_pattern']];
  if (layers === undefined || layers === null || (Array.isArray(layers) && layers.length === 0)) return names;
  const wanted = new Set(Array.isArray(layers) ? (layers as readonly unknown[]) : [layers]);
  if (![...wanted].every((layer) => Number.isInteger(layer)))
    throw new UserError(
      `adapter_config.json: layers_to_transform must be whole numbers, not ${JSON.stringify(layers)}`,
    );
  const given = patterns === '' ? [] : words(patterns ?? [], 'layers_pattern');
  const numbers = numbersAfter(given, names);
  return names.filter((name) => wanted.has(numbers.get(name)));
}

/** The number of each name's layer. Of several patterns the first that matches counts. */
function numbersAfter(patterns: readonly string[], names: readonly string[]): ReadonlyMap<string, number> {
  const heads = patterns.length === 0 ? ['.*?\\.[^.]*'] : patterns.map((pattern) => `(?:^|.*?\\.)${pattern}`);
  const found = heads.map((head) => matching(`${head}\\.(?P<idx>\\d+)\\.`, names, 'start'));
  return new Map(
    names.flatMap((name) => {
      const digits = found.find((one) => one.has(name))?.get(name);
      return digits === undefined ? [] : [[name, parseInt(digits, 10)] as const];
    }),
  );
}

/**
 * Modules' own values in `rank_pattern` or `alpha_pattern`, where one of its patterns ends the name; the first counts.
 */
export function patternValues(
  config: Config,
  key: string,
  { modules, notes }: { readonly modules: readonly string[]; readonly notes: Notes },
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [pattern, value] of Object.entries(config[key] ?? {})) {
    if (typeof value !== 'number')
      throw new UserError(`adapter_config.json: ${key} of ${pattern} must be a number, not ${JSON.stringify(value)}`);
    const matched = matching(`(.*\\.)?(${pattern})$`, modules, 'start');
    if (matched.size === 0) notes.note(`${key} of ${pattern} matches no module, here as in PEFT`);
    for (const name of matched.keys()) if (!found.has(name)) found.set(name, value);
  }
  return found;
}

function words(value: unknown, key: string): readonly string[] {
  const list = typeof value === 'string' ? [value] : value;
  if (Array.isArray(list) && list.every((word) => typeof word === 'string')) return list as readonly string[];
  throw new UserError(`adapter_config.json: ${key} must be names of modules, not ${JSON.stringify(value)}`);
}

/**
 * Names of all matrices in the blocks of the model that a file was saved from: as `example`, one of them or a norm, is
 * named there.
 */
export function matrixNames(shape: ModelShape, example: string): readonly string[] {
  const root = example.slice(0, example.length - bare(example).length);
  const paths = blockParts(shape)
    .filter(({ part }) => part.includes('.') && !isNormPart(part))
    .map((at) => `${root}${bare(modulePath(shape, at))}`);
  return [...new Set(paths)];
}
