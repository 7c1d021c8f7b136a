import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import { head as nothing } from '../design/methods';
import { pointsOf } from '../design/point';
import type { Change } from '../design/types';
import { harmlessOfBottleneck, readBottlenecks, usualOfBottleneck } from './adapters-bottleneck';
import { readAdaptersHead } from './adapters-head';
import { harmlessOfLora, isVera, readAdaptersLora } from './adapters-lora';
import { demandModel } from './adapters-model';
import { demandAgreement, demandAsked } from './adapters-places';
import { harmlessOfPrefix, readPrefixes } from './adapters-prefix';
import { cannot, text, word, type Base, type Own } from './base';
import { demandUsed, noteIdle, watched, type Watched } from './fields';
import type { Config, ForeignFolder } from './folder';
import type { HeadRead } from './heads';
import { demandExchanged } from './modules';
import { assemble, type Piece } from './pieces';
import { some, type Notes } from './report';
import { equal, type Named, type Values } from './values';

/** What a file of adapters holds, by kind and module. */
interface Sorted {
  readonly bottlenecks: Map<string, Named>;
  readonly loras: Map<string, Named>;
  readonly prefixes: Map<string, Named>;
  readonly gates: Map<string, Named>;
  /** What all places share: Compacter's rule, VeRA's matrices. */
  readonly shared: Record<string, Values>;
  readonly left: string[];
}

/** About the file: no output depends on them. */
const harmless: readonly string[] = ['model_name', 'model_class', 'model_type', 'name', 'version', 'config_id', 'type'];

/**
 * A folder of adapters' as a method and tensors here. @throws UserError for what cannot be expressed, with the reason
 */
export function readAdapters(
  { config, tensors, head: theirs, headLost }: ForeignFolder,
  base: Base,
  notes: Notes,
): Own {
  demandExchanged('adapters', base.shape);
  demandModel(config, base, 'adapter_config.json');
  const members = configsOf(config).map((member) => watched(member));
  const sorted = sort(tensors, word(config, 'name') ?? '');
  if (sorted.left.length > 0)
    notes.gap(`the tensors ${some(sorted.left)} do not carry over: no method here has their like`);
  const pieces = piecesOf(
    members.map(({ record }) => record),
    sorted,
    { shape: base.shape, notes },
  );
  const idle = Object.keys(sorted.shared).filter((name) => !sharedOf(members, pieces).includes(name));
  demandAsked(
    idle.map((name) => `${name} of shared_parameters`),
    notes,
  );
  if (pieces.length === 0 && Object.keys(tensors).length > 0)
    throw new UserError(
      "the adapter's tensors hold nothing of what its adapter_config.json says: the files belong to different adapters",
    );
  if (pieces.length > 0) demandFields(config, members, notes); // of what changes nothing no field can
  if (pieces.some(({ change }) => change.composition.kind === 'inputGate'))
    notes.note('gates average over real tokens; adapters averages over padding too, so padded rows differ');
  const { modifications, tensors: own } = assemble(pieces, base.shape);
  const { head, lost, labels }: HeadRead =
    theirs === undefined
      ? { head: {}, used: [], ...(headLost !== undefined && { lost: headLost }) }
      : readAdaptersHead(theirs, base, notes);
  if (lost !== undefined) notes.loss(`the classification head stays behind: ${lost}`);
  const method = modifications.length === 0 ? nothing() : pointsOf(modifications);
  return { method, tensors: { ...own, ...rulesOf(pieces, sorted) }, head, ...(labels && { labels }) };
}

/** Every field is used, harmless, or refused: those of the file, and those of each member of a union. */
function demandFields(config: Config, members: readonly Watched[], notes: Notes): void {
  const about = watched(config);
  demandUsed('adapters', about, [...harmless, 'config', 'hidden_size'], notes);
  for (const member of members) {
    const kind = member.record['architecture'] ?? 'bottleneck';
    const known = { lora: harmlessOfLora, prefix_tuning: harmlessOfPrefix, bottleneck: harmlessOfBottleneck };
    demandUsed('adapters', member, known[kind as keyof typeof known], notes);
    if (kind === 'bottleneck') noteIdle(member, usualOfBottleneck, notes);
  }
}

/**
 * A union's members, or the one configuration. Files of adapter-transformers call other functions by the names of GELU.
 */
function configsOf({ config, version }: Config): readonly Config[] {
  if (typeof config !== 'object' || config === null)
    throw cannot(
      `the configuration ${JSON.stringify(config)}`,
      'it is a name only; save the adapter again with adapters 1.0 or newer',
    );
  const members = membersOf(config as Config);
  if (version !== undefined) return members;
  const renamed: Readonly<Record<string, string>> = { gelu: 'gelu_new', gelu_orig: 'gelu' };
  return members.map((member) => ({
    ...member,
    non_linearity: renamed[text(member, 'non_linearity') ?? ''] ?? member['non_linearity'],
  }));
}

/** A union's own fields are its kind and its members. */
function membersOf(config: Config): readonly Config[] {
  const kind = config['architecture'] ?? null;
  if (kind !== null && typeof kind !== 'string')
    throw new UserError(`adapter_config.json: architecture ${JSON.stringify(kind)} must be a word or null`);
  if (kind !== 'union') return [config];
  const { architecture: _, configs, ...rest } = config;
  const [strange] = Object.keys(rest);
  if (strange !== undefined) throw cannot(`the union's field ${strange}`, 'nothing here computes it');
  if (!Array.isArray(configs)) throw new UserError('adapter_config.json: the union has no list of members in configs');
  const bare = (configs as readonly unknown[]).find((member) => typeof member !== 'object' || member === null);
  if (bare !== undefined)
    throw new UserError(`adapter_config.json: ${JSON.stringify(bare)} in the union's configs is no configuration`);
  return (configs as readonly Config[]).flatMap(membersOf);
}

interface Reading {
  readonly shape: ModelShape;
  readonly notes: Notes;
}

function piecesOf(
  configs: readonly Config[],
  { bottlenecks, loras, prefixes, gates, shared }: Sorted,
  reading: Reading,
): readonly Piece[] {
  const of = (kind: string | null): readonly Config[] =>
    configs.filter((config) => (config['architecture'] ?? null) === kind);
  const strange = configs.find(
    (config) => ![null, 'lora', 'prefix_tuning'].includes(text(config, 'architecture') ?? null),
  );
  if (strange !== undefined) throw refused(strange);
  const inverted = of(null).find((config) => (config['inv_adapter'] ?? null) !== null);
  if (inverted !== undefined) throw cannot('an invertible adapter', 'no site here stands in front of the embeddings');
  for (const kind of ['prefix_tuning', 'lora'])
    if (of(kind).length > 1)
      throw new UserError(`adapter_config.json: the union has two members of ${kind}: adapters opens no such file`);
  const [prefix] = of('prefix_tuning');
  if (prefix === undefined)
    demandAgreement(
      [],
      [...gates.keys()].map((module) => `the gate of ${module}`),
      reading.notes,
    );
  return [
    ...(of(null).length > 0 ? readBottlenecks(of(null), bottlenecks, reading) : unasked(bottlenecks, reading)),
    ...(of('lora').length > 0 ? readAdaptersLora(of('lora'), { loras, shared }, reading) : unasked(loras, reading)),
    ...(prefix !== undefined ? readPrefixes(prefix, { groups: prefixes, gates }, reading) : unasked(prefixes, reading)),
  ];
}

/** Tensors of a kind that no member of the configuration speaks of. */
function unasked(modules: ReadonlyMap<string, Named>, { notes }: Reading): readonly Piece[] {
  demandAgreement([], modules.keys(), notes);
  return [];
}

function refused(config: Config): UserError {
  const architecture = text(config, 'architecture') ?? '';
  return architecture === 'prompt_tuning'
    ? cannot('prompt tuning of adapters', "its vectors enter after the embeddings' norm, prompts here before it")
    : cannot(`architecture ${architecture}`, 'this reads bottlenecks, lora, prefix_tuning and their union');
}

function sort(tensors: Named, name: string): Sorted {
  const sorted: Sorted = {
    bottlenecks: new Map(),
    loras: new Map(),
    prefixes: new Map(),
    gates: new Map(),
    shared: {},
    left: [],
  };
  const put = (into: Map<string, Named>, module: string, part: string, values: Values): void => {
    into.set(module, { ...into.get(module), [part]: values });
  };
  for (const [key, values] of Object.entries(tensors)) {
    const [before, after, ...more] = key.split(`.${name}.`);
    const [module, kind] = [before?.replace(/\.?[^.]+$/, '') ?? '', /[^.]+$/.exec(before ?? '')?.[0]];
    if (after === undefined || more.length > 0) sorted.left.push(key);
    else if (kind === 'adapters') put(sorted.bottlenecks, module, after, values);
    else if (kind === 'loras') put(sorted.loras, module, after, values);
    else if (kind === 'prefix_tunings')
      putSame(sorted.prefixes, { module: after.replace(/\..*$/, ''), part: after.replace(/^[^.]+\./, ''), values });
    else if (kind === 'prefix_gates') put(sorted.gates, module.replace(/\.prefix_tuning$/, ''), after, values);
    else if (kind === 'shared_parameters') putShared(sorted.shared, after, values);
    else sorted.left.push(key);
  }
  return sorted;
}

/** Prefixes stand in the file once for each layer and once for the model, all equal. */
function putSame(
  into: Map<string, Named>,
  { module, part, values }: { readonly module: string; readonly part: string; readonly values: Values },
): void {
  const known = into.get(module)?.[part];
  if (known !== undefined && !equal(known, values))
    throw new UserError(
      `the prefix ${module} stands in the file with other numbers at its layers: copy the adapter again`,
    );
  into.set(module, { ...into.get(module), [part]: values });
}

/** What all places share stands in the file once, or again with the same numbers. */
function putShared(into: Record<string, Values>, name: string, values: Values): void {
  if (into[name] !== undefined && !equal(into[name], values))
    throw new UserError(`the shared ${name} stands in the file twice, with other numbers: copy the adapter again`);
  into[name] = values;
}

/** The shared tensors that the changes are made of. */
function sharedOf(members: readonly Watched[], pieces: readonly Piece[]): readonly string[] {
  const vera = members.some(({ record }) => record['architecture'] === 'lora' && isVera(record));
  const rule = pieces.some(({ change: { form } }) => sharesRule(form));
  return [...(vera ? ['lora_A', 'lora_B'] : []), ...(rule ? ['phm_rule'] : [])];
}

/** Compacter's shared rule. adapters forgets to store it for some models. */
function rulesOf(pieces: readonly Piece[], { shared: { phm_rule: rule } }: Sorted): Named {
  const shared = pieces.map(({ change: { form } }) => form).find(sharesRule);
  if (shared === undefined || shared.kind !== 'bottleneck' || shared.factors.kind !== 'phm') return {};
  if (rule === undefined)
    throw cannot(
      'this Compacter',
      'the file lacks the shared rule, which adapters does not store for models without a name prefix (BertModel, T5): it cannot be read back there either',
    );
  return { [`phm.rule.${shared.factors.n}`]: rule };
}

function sharesRule(form: Change['form']): boolean {
  return form.kind === 'bottleneck' && form.factors.kind === 'phm' && form.factors.share;
}
