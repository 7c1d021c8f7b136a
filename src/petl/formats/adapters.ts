import { UserError } from '../../errors';
import { pointsOf } from '../design/point';
import { readBottlenecks } from './adapters-bottleneck';
import { readAdaptersLora } from './adapters-lora';
import { readPrefixes } from './adapters-prefix';
import { cannot, text, type Base, type Own } from './base';
import type { Config, ForeignFolder } from './folder';
import { readAdaptersHead, type HeadRead } from './heads';
import { assemble, type Piece } from './pieces';
import { some, type Notes } from './report';
import type { Named, Values } from './values';

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

/**
 * A folder of adapters' as a method and tensors here. @throws UserError for what cannot be expressed, with the reason
 */
export function readAdapters({ config, tensors, head: theirs }: ForeignFolder, base: Base, notes: Notes): Own {
  demandModel(config, base);
  const configs = configsOf(config);
  const sorted = sort(tensors, text(config, 'name') ?? '');
  if (sorted.left.length > 0) notes.loss(`tensors left behind: ${some(sorted.left)}`);
  const pieces = configs.flatMap((one) => piecesOf(one, configs, sorted, base));
  if (pieces.length === 0)
    throw new UserError(
      "the adapter's tensors hold nothing of what its adapter_config.json says: the files belong to different adapters",
    );
  if (pieces.some(({ change }) => change.composition.kind === 'inputGate'))
    notes.note('gates average over real tokens; adapters averages over padding too, so padded rows differ');
  const { modifications, tensors: own } = assemble(pieces, base.shape);
  const { head, lost }: HeadRead = theirs === undefined ? { head: {}, used: [] } : readAdaptersHead(theirs, base);
  if (lost !== undefined) notes.loss(`the classification head stays behind: ${lost}`);
  return { method: pointsOf(modifications), tensors: { ...own, ...rulesOf(pieces, sorted) }, head };
}

function demandModel(config: Config, { shape }: Base): void {
  const [type, width] = [text(config, 'model_type'), config['hidden_size']];
  if (type !== undefined && type !== shape.family)
    throw new UserError(
      `the adapter is for a ${type} model, this is a ${shape.family}: load it on the model it was trained on`,
    );
  if (typeof width === 'number' && width !== shape.width)
    throw new UserError(
      `the adapter is for hidden size ${width}, this model has ${shape.width}: load it on the model it was trained on`,
    );
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
  const one = config as Config;
  const members = one['architecture'] === 'union' ? (one['configs'] as readonly Config[]) : [one];
  if (version !== undefined) return members;
  const renamed: Readonly<Record<string, string>> = { gelu: 'gelu_new', gelu_orig: 'gelu' };
  return members.map((member) => ({
    ...member,
    non_linearity: renamed[text(member, 'non_linearity') ?? ''] ?? member['non_linearity'],
  }));
}

function piecesOf(
  config: Config,
  all: readonly Config[],
  { bottlenecks, loras, prefixes, gates, shared }: Sorted,
  { shape }: Base,
): readonly Piece[] {
  const architecture = text(config, 'architecture');
  switch (architecture) {
    case undefined: {
      if (text(config, 'inv_adapter') !== undefined)
        throw cannot('an invertible adapter', 'no site here stands in front of the embeddings');
      const plain = all.filter((one) => one['architecture'] === undefined || one['architecture'] === null);
      return config === plain[0] ? readBottlenecks(plain, bottlenecks, shape) : [];
    }
    case 'lora':
      return readAdaptersLora(config, { loras, shared }, shape);
    case 'prefix_tuning':
      return readPrefixes(config, { groups: prefixes, gates }, shape);
    case 'prompt_tuning':
      throw cannot('prompt tuning of adapters', "its vectors enter after the embeddings' norm, prompts here before it");
    default:
      throw cannot(`architecture ${architecture}`, 'this reads bottlenecks, lora, prefix_tuning and their union');
  }
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
      put(sorted.prefixes, after.replace(/\..*$/, ''), after.replace(/^[^.]+\./, ''), values); // the same at every layer and once for the model
    else if (kind === 'prefix_gates') put(sorted.gates, module.replace(/\.prefix_tuning$/, ''), after, values);
    else if (kind === 'shared_parameters') sorted.shared[after] = values;
    else sorted.left.push(key);
  }
  return sorted;
}

/** Compacter's shared rule. adapters forgets to store it for some models. */
function rulesOf(pieces: readonly Piece[], { shared: { phm_rule: rule } }: Sorted): Named {
  const shared = pieces
    .map(({ change: { form } }) => form)
    .find((form) => form.kind === 'bottleneck' && form.factors.kind === 'phm' && form.factors.share);
  if (shared === undefined || shared.kind !== 'bottleneck' || shared.factors.kind !== 'phm') return {};
  if (rule === undefined)
    throw cannot(
      'this Compacter',
      'the file lacks the shared rule, which adapters does not store for models without a name prefix (BertModel, T5): it cannot be read back there either',
    );
  return { [`phm.rule.${shared.factors.n}`]: rule };
}
