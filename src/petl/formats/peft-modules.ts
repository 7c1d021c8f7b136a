import { UserError } from '../../errors';
import { cannot, onlyOnce, type Base, type Own } from './base';
import type { Config } from './folder';
import { bare, partsByModule, type BlockPart } from './modules';
import { isProjection } from '../design/reads';
import { some, type Notes } from './report';
import { matrixNames, targeted } from './targets';
import type { Named } from './values';

/** One folder of PEFT's as its readers see it. */
export interface Source {
  readonly config: Config;
  readonly tensors: Named;
  readonly base: Base;
  readonly notes: Notes;
}

/** What a folder says of a method, and the tensors that say it. */
export interface Read {
  readonly own: Omit<Own, 'head'>;
  readonly used: readonly string[];
}

/** A module that the configuration names, with its tensors and the parts of a block that it holds here. */
export interface Chosen {
  readonly module: string;
  readonly parts: Named;
  readonly places: readonly BlockPart[];
}

/**
 * The modules that PEFT changes when it opens the folder, with their tensors, those named
 * `base_model.model.<module>.<part>`, with or without `.weight`. Configuration and tensors must agree: tensors of other
 * modules are named and not read, as PEFT does, and a module without its tensors is refused.
 * @param reach whether a method here reaches a part
 */
export function chosenModules(
  { config, tensors, base, notes }: Source,
  parts: readonly string[],
  reach: (part: string) => boolean = isProjection,
): { readonly chosen: readonly Chosen[]; readonly used: readonly string[] } {
  const { modules, used } = byModule(tensors, parts);
  const partsOf = partsByModule(base.shape);
  const example = [...modules.keys()].find((module) => partsOf(module).length > 0);
  const names = example === undefined ? [] : matrixNames(base.shape, example);
  demandNames(config);
  const wanted = targeted(config, [...new Set([...names, ...modules.keys()])]);
  const missing = names.find((name) => wanted.has(name) && !modules.has(name));
  if (missing !== undefined)
    throw new UserError(
      `adapter_config.json names ${missing}, the file has no tensors of it: the two belong to different adapters`,
    );
  const other = [...modules.keys()].filter((module) => !wanted.has(module));
  if (other.length > 0 && other.length < modules.size)
    notes.note(`not read, here or by PEFT, since adapter_config.json does not name them: ${some(other)}`);
  const chosen = [...modules]
    .filter(([module]) => wanted.has(module))
    .map(([module, own]) => ({ module, parts: own, places: partsOf(module) }));
  return { used, chosen: chosen.filter((one) => demandReach(one, reach, { base, notes })) };
}

export function demandNames(config: Config): void {
  if (config['target_modules'] === null || config['target_modules'] === undefined)
    throw new UserError('adapter_config.json has no target_modules: write the names of the modules that it changes');
  if (config['target_modules'] === 'all-linear')
    throw new UserError(
      'adapter_config.json says target_modules = "all-linear": write the names of the modules, as PEFT does when it saves',
    );
}

/**
 * Whether a module is one that methods here change. The pooler of a bare encoder is read by nothing; that of a model with
 * a classifier, `bert.pooler.dense`, is a layer of its head.
 */
function demandReach(
  { module, places }: Chosen,
  reach: (part: string) => boolean,
  { base, notes }: { readonly base: Base; readonly notes: Notes },
): boolean {
  if (places.length > 0 && places.every(({ part }) => reach(part))) return true;
  if (module === 'pooler.dense' && base.shape.pooler) {
    notes.note('a change of the pooler, which no output here reads, is left out');
    return false;
  }
  const reason =
    places.length === 0
      ? 'this model has no such matrix'
      : 'methods here reach the matrices of attention and FFN, not this one';
  notes.gap(cannot(`a change of ${module}`, reason).message);
  return false;
}

/** Tensors by module and part. @throws UserError where the file has a part of one module twice */
function byModule(
  tensors: Named,
  parts: readonly string[],
): { readonly modules: ReadonlyMap<string, Named>; readonly used: readonly string[] } {
  const key = new RegExp(`^base_model\\.model\\.(.+)\\.(${parts.join('|')})(?:\\.weight)?$`);
  const found = Object.entries(tensors).flatMap(([name, values]) => {
    const [, module, part] = key.exec(name) ?? [];
    return module === undefined || part === undefined ? [] : [{ name, module, part, values }];
  });
  onlyOnce(found.map((one) => [`${bare(one.module)}.${one.part}`, one] as const));
  const modules = new Map<string, Named>();
  for (const { module, part, values } of found) modules.set(module, { ...modules.get(module), [part]: values });
  return { modules, used: found.map(({ name }) => name) };
}

/** The rank that the configuration gives, against that of the tensors: PEFT opens no folder where they differ. */
export function demandRank(module: string, said: number, found: number): void {
  if (said === found) return;
  throw new UserError(
    `adapter_config.json gives ${module} r = ${said}, its tensors have ${found}: the two belong to different adapters`,
  );
}
