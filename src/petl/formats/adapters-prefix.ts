import { hasCrossAttention, layersOf, stacksOf } from '../../model/shapes';
import type { ModelShape } from '../../model/shape';
import type { Stack } from '../../model/site';
import { keyValueWidth } from '../design/places';
import { entryOf } from '../../entry';
import { UserError } from '../../errors';
import { demandAgreement, demandAsked, leftOut } from './adapters-places';
import { cannot, flag, number, onlyOnce, word } from './base';
import type { Config } from './folder';
import { partsByModule } from './modules';
import { prefixChange } from './peft-prompts';
import type { Piece } from './pieces';
import type { Notes } from './report';
import { columns, demandShape, dense, shaped, transposed, type Named, type Values } from './values';

export const onRelative =
  'there the relative bias counts the prefix as keys and shifts those of the text, here it leaves prefixes out';

/** adapters cuts prefixes into heads of width / heads, whatever the model has. */
export function demandHeads({ width, heads, headWidth }: ModelShape): void {
  if (Math.floor(width / heads) === headWidth) return;
  throw cannot(
    `a prefix on heads of ${headWidth}`,
    `adapters takes heads of ${Math.floor(width / heads)} in a model of width ${width}, and cannot open it`,
  );
}

/** One kind of attention with a prefix of its own. */
export interface Location {
  readonly stack: Stack;
  readonly site: 'attn.heads' | 'cross.heads';
}

/**
 * Where a group of prefixes goes: `encoder_prefix`, `self_prefix`, `cross_prefix`; models of one stack have `self`
 * alone.
 */
function locationOf(group: string, shape: ModelShape): Location {
  if (!hasCrossAttention(shape)) return { stack: stacksOf(shape)[0] as Stack, site: 'attn.heads' };
  if (group.startsWith('encoder')) return { stack: 'encoder', site: 'attn.heads' };
  return { stack: 'decoder', site: group.startsWith('cross') ? 'cross.heads' : 'attn.heads' };
}

/** What the file holds of prefixes: tensors by group, and gates by the module of their attention. */
export interface PrefixTensors {
  readonly groups: ReadonlyMap<string, Named>;
  readonly gates: ReadonlyMap<string, Named>;
}

/** Fields that change no output, and those of the MLP, which is read where there is one. */
export const harmlessOfPrefix: readonly string[] = [
  ...['dropout', 'init_weights_seed', 'bottleneck_size', 'non_linearity', 'shared_gating'],
  ...['encoder_prefix', 'cross_prefix'], // of models that have such attentions
];

export function readPrefixes(
  config: Config,
  { groups, gates }: PrefixTensors,
  { shape, notes }: { readonly shape: ModelShape; readonly notes: Notes },
): readonly Piece[] {
  const gated = flag(config, 'use_gating');
  if (shape.positions.kind === 'relative') throw cannot('a prefix from adapters on T5', onRelative);
  demandHeads(shape);
  if (gated && !flag(config, 'shared_gating', true))
    throw cannot('shared_gating = false', 'keys and values share a gate here');
  const wanted = [...groups.keys()].filter((group) => wants(config, group));
  demandAgreement([...missingGroups(config, [...groups.keys()], shape), ...wanted], groups.keys(), notes);
  const found = gatesByPlace(gates, shape);
  const pieces = wanted.flatMap((group) => {
    const parts = groups.get(group) as Named;
    const location = locationOf(group, shape);
    const flat = flatOf(config, parts, group); // [l, 2 L width]
    const layers = withoutLeft(config, layersOf(shape, location.stack), location, shape);
    const width = keyValueWidth(shape);
    if (flat.shape[1] !== 2 * layers.length * width)
      throw cannot(
        `the prefix ${group} of shape [${flat.shape.join()}]`,
        `this model needs [${String(flat.shape[0])},${2 * layers.length * width}]: load it on the model it was trained on`,
      );
    return layers.map((layer, i): Piece => {
      const plain = prefixChange(flat.shape[0] as number, 'kept');
      const change = gated
        ? ({ ...plain, composition: { kind: 'inputGate', scale: 1, per: 'sequence' } } as Piece['change'])
        : plain;
      const pair = {
        keys: columns(flat, 2 * i * width, (2 * i + 1) * width),
        values: columns(flat, (2 * i + 1) * width, (2 * i + 2) * width),
      };
      return {
        ...location,
        layer,
        reads: 'query',
        change,
        parts: { ...pair, ...(gated ? gateAt(found, location, layer) : {}) },
      };
    });
  });
  demandGates(found, { pieces, gated }, notes);
  return pieces;
}

/** Prefixes of an encoder and of cross-attention can be switched off. */
function wants(config: Config, group: string): boolean {
  const key = ['encoder_prefix', 'cross_prefix'].find((name) => group === name);
  return key === undefined || flag(config, key, true);
}

/** Names of the prefixes that an encoder-decoder should have and the file lacks. */
function missingGroups(config: Config, found: readonly string[], shape: ModelShape): readonly string[] {
  if (!hasCrossAttention(shape)) return found.length > 0 ? [] : ['prefix_tuning'];
  return ['encoder_prefix', 'self_prefix', 'cross_prefix'].filter(
    (group) => !found.includes(group) && wants(config, group),
  );
}

/** Layers that have a prefix; `leave_out` counts an encoder's layers, then the decoder's. */
function withoutLeft(config: Config, layers: number, { stack }: Location, shape: ModelShape): readonly number[] {
  const left = leftOut(config);
  const first = stack === 'decoder' ? shape.encoderLayers : 0;
  return Array.from({ length: layers }, (_, layer) => layer).filter((layer) => !left.includes(layer + first));
}

const ofMlp = [
  'wte.weight',
  'control_trans.0.weight',
  'control_trans.0.bias',
  'control_trans.2.weight',
  'control_trans.2.bias',
] as const;

/** Free vectors, or what the MLP makes of its embedding. */
function flatOf(config: Config, parts: Named, group: string): Values {
  const length = number(config, 'prefix_length');
  const whole = parts['control_trans'];
  const asked: readonly string[] = whole === undefined ? ofMlp : ['control_trans'];
  const strange = Object.keys(parts).find((part) => !asked.includes(part));
  if (strange !== undefined) throw cannot(`the tensor ${strange} of ${group}`, 'no part of a prefix here is like it');
  if (flag(config, 'flat') !== (whole !== undefined))
    throw new UserError(
      `adapter_config.json says flat = ${JSON.stringify(config['flat'] ?? null)}, the prefix ${group} is ${whole === undefined ? 'not ' : ''}so: they belong to different adapters`,
    );
  if (whole !== undefined) demandShape(`control_trans of ${group}`, whole, [whole.values.length]);
  if (whole !== undefined) return shaped(whole, [length, whole.values.length / length]);
  const [table, w0, b0, w2, b2] = ofMlp.map((name) => parts[name]);
  if (!table || !w0 || !b0 || !w2 || !b2) throw cannot(`the prefix ${group}`, 'tensors of its MLP are missing');
  const [middle, width] = [number(config, 'bottleneck_size'), table.shape[1] ?? 0];
  for (const [name, values, shape] of [
    ['wte.weight', table, [length, width]],
    ['control_trans.0.weight', w0, [middle, width]],
    ['control_trans.0.bias', b0, [middle]],
    ['control_trans.2.weight', w2, [b2.values.length, middle]],
    ['control_trans.2.bias', b2, [b2.values.length]],
  ] as const)
    demandShape(`${name} of ${group}`, values, shape);
  const functions = { tanh: Math.tanh, relu: (x: number): number => Math.max(0, x) };
  const activation = entryOf(functions, word(config, 'non_linearity') ?? 'tanh');
  if (activation === undefined)
    throw cannot(`a prefix with non_linearity ${String(config['non_linearity'])}`, 'known are tanh and relu');
  const hidden = dense(table, w0, b0);
  return dense({ shape: hidden.shape, values: hidden.values.map(activation) }, w2, b2);
}

interface Gate {
  readonly name: string;
  readonly parts: Named;
}

/** Gates by their place here, or by their module where the model has none like it. */
function gatesByPlace(gates: ReadonlyMap<string, Named>, shape: ModelShape): ReadonlyMap<string, Gate> {
  const partsOf = partsByModule(shape);
  const queries = ['query', 'self.query', 'q_proj', 'q_lin', 'q', 'c_attn'];
  return onlyOnce(
    [...gates].map(([name, parts]) => {
      const at = queries.flatMap((query) => partsOf(`${name}.${query}`))[0];
      const place = at === undefined ? name : `${at.stack}.${at.layer}.${at.part.replace(/query$/, 'heads')}`;
      return [place, { name, parts }] as const;
    }),
  );
}

function gateAt(found: ReadonlyMap<string, Gate>, { stack, site }: Location, layer: number): Named {
  const parts = found.get(`${stack}.${layer}.${site}`)?.parts;
  if (parts?.['weight'] === undefined || parts['bias'] === undefined)
    throw cannot('a gated prefix', `the gate of ${stack} layer ${layer} is missing`);
  return { 'gate.weight': transposed(parts['weight']), 'gate.bias': parts['bias'] };
}

/** A gate of a prefix that has none, and what else stands at a gate, is refused; gates of other places are named. */
function demandGates(
  found: ReadonlyMap<string, Gate>,
  { pieces, gated }: { readonly pieces: readonly Piece[]; readonly gated: boolean },
  notes: Notes,
): void {
  const places = new Set(pieces.map(({ stack, layer, site }) => `${stack}.${layer}.${site}`));
  const [here, elsewhere] = [true, false].map((wanted) =>
    [...found].filter(([place]) => places.has(place) === wanted).map(([, gate]) => gate),
  ) as [Gate[], Gate[]];
  const asked = gated ? ['weight', 'bias'] : [];
  const left = here.flatMap(({ name, parts }) =>
    Object.keys(parts)
      .filter((part) => !asked.includes(part))
      .map((part) => `${part} of the gate of ${name}`),
  );
  demandAsked(left, notes);
  demandAgreement(
    [],
    elsewhere.map(({ name }) => `the gate of ${name}`),
    notes,
  );
}
