import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Site } from '../../model/site';
import type { Change } from '../design/types';
import { siteWidths } from '../design/places';
import { demandAgreement, demandAsked, layerNumber, memberAt, type Switch } from './adapters-places';
import { cannot, flag, number, onlyOnce } from './base';
import { withUsual } from './fields';
import type { Config } from './folder';
import { bare, blockParts, modulePath, partsByModule, type BlockPart } from './modules';
import { lowRankForm } from './peft-lora';
import type { Piece } from './pieces';
import type { Notes } from './report';
import { demandShape, filled, product, rows, shaped, times, transposed, type Named } from './values';

/** Fields that change no output, and those that the tensors speak for. */
export const harmlessOfLora: readonly string[] = ['dropout', 'init_weights', 'init_weights_seed', 'attn_matrices']; // read where attention changes

/** What the library takes for fields that a file leaves out. */
const usual: Config = {
  selfattn_lora: true,
  intermediate_lora: false,
  output_lora: false,
  r: 8,
  alpha: 8,
  attn_matrices: ['q', 'v'],
  composition_mode: 'add',
};

/**
 * LoRA and (IA)3: on GPT-2 the chosen ones of query, key and value stand below each other, each with rows of its own.
 */
export function readAdaptersLora(
  given: readonly Config[],
  { loras, shared }: LoraTensors,
  { shape, notes }: { readonly shape: ModelShape; readonly notes: Notes },
): readonly Piece[] {
  const configs = given.map((config) => withUsual(config, usual));
  const wanted = new Map<string, { readonly config: Config; readonly places: BlockPart[] }>();
  for (const at of blockParts(shape).filter(({ part }) => switchOf(part, shape) !== undefined)) {
    const key = switchOf(at.part, shape) as Switch;
    const config = memberAt(configs, key, layerNumber(at.stack, at.layer, shape));
    if (config === undefined || (key === 'selfattn_lora' && !chosenBy(config, at.part))) continue;
    const module = bare(modulePath(shape, at));
    wanted.set(module, { config, places: [...(wanted.get(module)?.places ?? []), at] });
  }
  const found = onlyOnce([...loras].map(([name, parts]) => [bare(name), { name, parts }] as const));
  demandAgreement([...wanted.keys()], found.keys(), notes);
  const partsAt = (module: string): Named => found.get(module)?.parts ?? {};
  const pieces = [...wanted].flatMap(([module, { config, places }]) => {
    const parts = partsOf(config, partsAt(module), { shared, module });
    const own = places.map((at, i) => pieceAt(at, { config, module, shape, parts: sliced(parts, i, places.length) }));
    return [...own, ...besides(config, module, { places, shape })];
  });
  demandAsked(
    [...wanted].flatMap(([module, { config }]) => unasked(config, Object.keys(partsAt(module)), module)),
    notes,
  );
  return pieces;
}

/** Which switch of a configuration a matrix hangs on; in Llama models the names of the FFN's are exchanged. */
function switchOf(part: string, { family }: ModelShape): Switch | undefined {
  if (/^(attn|cross)\.(query|key|value)$/.test(part)) return 'selfattn_lora';
  const swapped = family === 'llama';
  if (part === 'ffn.up') return swapped ? 'output_lora' : 'intermediate_lora';
  if (part === 'ffn.down') return swapped ? 'intermediate_lora' : 'output_lora';
  return undefined;
}

function chosenBy(config: Config, part: string): boolean {
  const chosen = config['attn_matrices'];
  if (!Array.isArray(chosen))
    throw new UserError(`adapter_config.json: attn_matrices must be a list, not ${JSON.stringify(chosen)}`);
  return chosen.includes(part.replace(/^.*\./, '').charAt(0));
}

/** (IA)3 on GPT-2's one matrix of query, key and value: alpha reaches those of them too that have no factors. */
function besides(
  config: Config,
  module: string,
  { places, shape }: { readonly places: readonly BlockPart[]; readonly shape: ModelShape },
): readonly Piece[] {
  if (config['composition_mode'] !== 'scale') return [];
  const alpha = number(config, 'alpha');
  const others = partsByModule(shape)(module).filter(
    ({ part }) => part.includes('.') && !places.some((at) => at.part === part),
  );
  return alpha === 1
    ? []
    : others.map(({ stack, layer, part }) => ({
        stack,
        layer,
        site: part as Site,
        reads: 'h',
        change: { form: { kind: 'diagonal' }, composition: { kind: 'multiply' } },
        parts: { factor: filled([siteWidths(shape, part as Site).h], alpha) },
      }));
}

/** One module's tensors as LoRA, which must be of the kind and rank that the configuration says. */
function partsOf(
  config: Config,
  found: Named,
  { shared, module }: { readonly shared: Named; readonly module: string },
): Named {
  const [dtype, vera] = [config['dtype'] ?? null, isVera(config)];
  if (dtype !== null && dtype !== 'float32')
    throw cannot(`LoRA with dtype = ${JSON.stringify(dtype)}`, 'changes are computed in float32 here');
  if (vera !== (found['vera_D'] !== undefined) || flag(config, 'use_dora') !== (found['m.weight'] !== undefined))
    throw new UserError(
      `adapter_config.json and the tensors of ${module} are not of one kind: they belong to different adapters`,
    );
  const parts = vera ? productOf(found, shared, module) : found;
  const [r, rank] = [config['r'], parts['lora_B']?.shape[1]];
  if (r !== rank)
    throw new UserError(
      `adapter_config.json gives r = ${JSON.stringify(r)}, the tensors of ${module} have ${String(rank)}: they belong to different adapters`,
    );
  return parts;
}

/** VeRA where one of its two starts is given. */
export const isVera = (config: Config): boolean =>
  [config['vera_d'], config['vera_b']].some((start) => start !== null && start !== undefined);

/** The names of a module's tensors that its configuration has no use for. */
function unasked(config: Config, names: readonly string[], module: string): readonly string[] {
  const asked = askedOf(config);
  return names.filter((name) => !asked.includes(name)).map((name) => `${name} of ${module}`);
}

function askedOf(config: Config): readonly string[] {
  if (config['composition_mode'] === 'scale') return ['lora_B'];
  return [
    ...(isVera(config) ? ['vera_B', 'vera_D'] : ['lora_A', 'lora_B']),
    ...(flag(config, 'use_dora') ? ['m.weight'] : []),
    ...(flag(config, 'use_gating') ? ['gate.weight', 'gate.bias'] : []),
  ];
}

/** What the file holds of LoRA by module, and what all modules share. */
export interface LoraTensors {
  readonly loras: ReadonlyMap<string, Named>;
  readonly shared: Named;
}

/**
 * VeRA of adapters trains whole square matrices about its shared ones, W + s (V B) (D A): as LoRA it computes the same.
 */
function productOf({ vera_B: v, vera_D: d, ...rest }: Named, { lora_A: a, lora_B: b }: Named, module: string): Named {
  if (v === undefined || d === undefined) throw cannot(`VeRA at ${module}`, 'one of its two matrices is missing');
  if (a === undefined || b === undefined)
    throw cannot(
      `VeRA at ${module}`,
      'the file lacks its shared matrices, which adapters does not store for models without a name prefix (BertModel, T5): it cannot be read back there either',
    );
  if (d.shape[1] !== a.shape[0] || v.shape[1] !== b.shape[0])
    throw cannot(
      `VeRA at ${module}`,
      'its matrices do not fit each other: adapters cannot run it on this model either',
    );
  return { ...rest, lora_A: product(d, a), lora_B: product(v, b) };
}

/** The rows of the i-th of `count` matrices. */
function sliced(parts: Named, i: number, count: number): Named {
  return Object.fromEntries(
    Object.entries(parts).map(([name, values]) => {
      const each = (values.shape[0] as number) / count;
      return [name, rows(values, i * each, (i + 1) * each)];
    }),
  );
}

interface Context {
  readonly config: Config;
  readonly module: string;
  readonly shape: ModelShape;
  readonly parts: Named;
}

function pieceAt({ stack, layer, part }: BlockPart, { config, module, shape, parts }: Context): Piece {
  const site = part as Site;
  const { lora_A: a, lora_B: b, 'm.weight': m } = parts;
  if (b === undefined) throw cannot(`LoRA at ${module}`, 'lora_B is missing');
  if (config['composition_mode'] === 'scale') {
    if (flag(config, 'use_gating')) throw cannot('gated (IA)3', 'a diagonal has no gate here');
    demandShape(`lora_B of ${module}`, b, [b.values.length, 1]);
    const factor = times(shaped(b, [b.values.length]), number(config, 'alpha'));
    return {
      stack,
      layer,
      site,
      reads: 'h',
      change: { form: { kind: 'diagonal' }, composition: { kind: 'multiply' } },
      parts: { factor },
    };
  }
  if (config['composition_mode'] !== 'add')
    throw cannot(`composition_mode = ${JSON.stringify(config['composition_mode'])}`, 'LoRA adds or scales');
  if (a === undefined) throw cannot(`LoRA at ${module}`, 'lora_A is missing');
  if (m !== undefined) demandShape(`m of ${module}`, m, [m.values.length, 1]);
  const gate = flag(config, 'use_gating') ? gateOf(parts, `LoRA at ${module}`) : {};
  const magnitude: Named = m === undefined ? {} : { magnitude: shaped(m, [m.values.length]) };
  const change = changeOf(config, a.shape[0] as number, shape);
  return {
    stack,
    layer,
    site,
    reads: 'x',
    change,
    parts: { down: transposed(a), up: transposed(b), ...gate, ...magnitude },
  };
}

/** A gate's weight `[1, in]` and bias, as they are named here. */
export function gateOf({ 'gate.weight': weight, 'gate.bias': bias }: Named, what: string): Named {
  if (weight === undefined || bias === undefined) throw cannot(what, 'its gate is missing');
  return { 'gate.weight': transposed(weight), 'gate.bias': bias };
}

/** A gate takes the place of the scale; DoRA leaves the scale out of the norm and turns the bias too. */
function changeOf(config: Config, r: number, { biases }: ModelShape): Change {
  const form = lowRankForm(r);
  const scale = number(config, 'alpha') / r;
  if (flag(config, 'use_dora')) {
    if (biases || scale !== 1)
      throw cannot(
        'DoRA of adapters',
        'it scales the bias with the weight and leaves alpha / r out of the norm; the paper and PEFT do neither (without biases, at alpha = r, they agree)',
      );
    return { form, composition: { kind: 'renormalise', scale } };
  }
  if (flag(config, 'use_gating')) return { form, composition: { kind: 'inputGate', scale: 1, per: 'sequence' } };
  return { form, composition: { kind: 'scaledAdd', scale: { kind: 'fixed', value: scale } } };
}
