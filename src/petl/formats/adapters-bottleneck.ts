import { entryOf } from '../../entry';
import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Activation, Bottleneck, Change, Factors, Init, Reads } from '../design/types';
import { bottleneck } from '../design/methods';
import { cannot, flag, number, onlyOnce, text, word } from './base';
import { withUsual } from './fields';
import type { Config } from './folder';
import { demandAgreement, demandAsked, layerNumber, memberAt } from './adapters-places';
import { blockParts, partsByModule, type BlockPart } from './modules';
import { wantedParts, type Piece } from './pieces';
import type { Notes } from './report';
import { equal, transposed, type Named, type Values } from './values';

export const activationNames: Readonly<Record<string, Activation>> = {
  relu: 'relu',
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_python: 'gelu',
  linear: 'identity',
  swish: 'silu',
  silu: 'silu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
};
export const initNames: Readonly<Record<string, Init>> = {
  bert: { kind: 'bert' },
  mam_adapter: { kind: 'lora' },
  houlsby: { kind: 'houlsby', std: 1e-2 },
};
export const flags = { attn: 'mh_adapter', cross: 'cross_adapter', ffn: 'output_adapter' } as const;

/** What the library takes for fields that a file leaves out. */
export const usualOfBottleneck: Config = {
  original_ln_before: false,
  original_ln_after: true,
  ln_before: false,
  ln_after: false,
  is_parallel: false,
  scaling: 1,
  use_gating: false,
  residual_before_ln: true,
  adapter_residual_before_ln: false,
  cross_adapter: false,
  dropout: 0,
  phm_layer: false,
  phm_dim: 4,
  phm_rank: 1,
  phm_bias: true,
  factorized_phm_W: true,
  factorized_phm_rule: false,
  shared_W_phm: false,
  shared_phm_rule: true,
};

/** Fields that change no output, and those that are read wherever they do. */
export const harmlessOfBottleneck: readonly string[] = [
  ...['init_weights', 'init_weights_seed', 'stochastic_depth', 'inv_adapter_reduction_factor'],
  ...['residual_before_ln', 'original_ln_before', 'adapter_residual_before_ln'], // read where norms or residuals ask for them
  'cross_adapter', // read in models with cross-attention
  ...['phm_dim', 'phm_rank', 'phm_bias', 'phm_c_init', 'phm_init_range', 'learn_phm', 'hypercomplex_nonlinearity'],
  ...['factorized_phm_W', 'factorized_phm_rule', 'shared_W_phm', 'shared_phm_rule'], // of PHM layers
];

/** Bottleneck adapters: sequential on h, on the normed sum with the residual, or parallel to a sub-layer. */
export function readBottlenecks(
  configs: readonly Config[],
  modules: ReadonlyMap<string, Named>,
  { shape, notes }: { readonly shape: ModelShape; readonly notes: Notes },
): readonly Piece[] {
  const whole = configs.map((config) => withUsual(config, usualOfBottleneck));
  const partsOf = partsByModule(shape);
  const placed = onlyOnce(
    [...modules].map(([name, parts]) => [keyOf(partsOf(name)) ?? name, { name, parts }] as const),
  );
  const wanted = blockParts(shape).flatMap(({ stack, layer, part }) => {
    if (!(part in flags)) return [];
    const site = part as keyof typeof flags;
    const config = memberAt(whole, flags[site], layerNumber(stack, layer, shape));
    return config === undefined ? [] : [{ stack, layer, site, config, key: `${stack}.${layer}.${site}` }];
  });
  const names = (key: string): string => placed.get(key)?.name ?? key;
  demandAgreement(
    wanted.map(({ key }) => names(key)),
    modules.keys(),
    notes,
  );
  const read = wanted.map(({ stack, layer, site, config, key }) => {
    const { name: module, parts } = placed.get(key) as { readonly name: string; readonly parts: Named };
    const change = changeOf(config, parts, module);
    demandReduction(config, change.form as Bottleneck, { width: shape.width, layer: layerNumber(stack, layer, shape) });
    const piece = { stack, layer, site, reads: readsOf(config, shape), change };
    const { own, left } = partsHere(parts, config, { module, wanted: wantedParts(piece, shape) });
    return { piece: { ...piece, parts: own }, left };
  });
  demandAsked(
    read.flatMap(({ left }) => left),
    notes,
  );
  return read.map(({ piece }) => piece);
}

function keyOf(parts: readonly BlockPart[]): string | undefined {
  const at = parts.find(({ part }) => part in flags);
  return at === undefined ? undefined : `${at.stack}.${at.layer}.${at.part}`;
}

/** `reduction_factor`, for all layers or by number: the library makes whole(width / factor) of it, at least 1. */
function demandReduction(
  config: Config,
  { r }: Bottleneck,
  { width, layer }: { readonly width: number; readonly layer: number },
): void {
  const given = config['reduction_factor'];
  const table = (typeof given === 'object' && given !== null ? given : { default: given }) as Config;
  const factor = number(table, String(layer) in table ? String(layer) : 'default');
  const said = Math.max(1, Math.floor(width / factor));
  if (said !== r)
    throw new UserError(
      `adapter_config.json: reduction_factor ${factor} gives a bottleneck of ${said}, the tensors have ${r}: the two belong to different adapters`,
    );
}

/** Parallel adapters read the stream that the sub-layer is added to: its input where norms come after. */
function readsOf(config: Config, { norm }: ModelShape): Reads {
  if (!flag(config, 'original_ln_after', true))
    throw cannot('original_ln_after = false', "the residual and the block's own norm always follow here");
  if (flag(config, 'is_parallel')) return norm.place === 'pre' ? 'residual' : 'x';
  const before = flag(config, 'original_ln_before');
  const residual = config['residual_before_ln']; // true, false, or "post_add"
  if (residual !== true && (before || residual !== false))
    throw cannot(`residual_before_ln = ${JSON.stringify(residual)}`, "the adapter's residual is h here");
  return before ? 'norm(h+residual)' : 'h';
}

function changeOf(config: Config, parts: Named, module: string): Change {
  const inner = innerNorm(config);
  const activation = entryOf(activationNames, (word(config, 'non_linearity') ?? '').toLowerCase());
  if (activation === undefined)
    throw cannot(
      `non_linearity ${JSON.stringify(config['non_linearity'])}`,
      `known are ${Object.keys(activationNames).join(', ')}`,
    );
  const linear = inner === 'in' ? 'adapter_down.1' : 'adapter_down.0';
  const bias = parts[`${linear}.bias`] ?? parts[`${linear}.b`];
  if (bias === undefined) throw cannot(`the adapter at ${module}`, 'its first bias is missing');
  const form = bottleneck(bias.values.length, {
    activation,
    innerNorm: inner,
    dropout: number(config, 'dropout'),
    factors: factorsOf(config),
  });
  return { form, composition: compositionOf(config) };
}

function innerNorm(config: Config): Bottleneck['innerNorm'] {
  if (!flag(config, 'ln_after')) return flag(config, 'ln_before') ? 'in' : 'none';
  if (
    flag(config, 'ln_before') ||
    flag(config, 'adapter_residual_before_ln') ||
    flag(config, 'use_gating') ||
    config['scaling'] !== 1
  ) {
    throw cannot(
      'ln_after together with ln_before, adapter_residual_before_ln, use_gating or a scaling',
      'the outer norm stands alone here',
    );
  }
  return 'out';
}

function factorsOf(config: Config): Factors {
  if (!flag(config, 'phm_layer')) {
    return {
      kind: 'dense',
      init: entryOf(initNames, text(config, 'init_weights') ?? 'bert') ?? { kind: 'bert' },
      bias: true,
    };
  }
  const odd =
    (['factorized_phm_rule', 'shared_W_phm'] as const).find((key) => flag(config, key)) ??
    (!flag(config, 'factorized_phm_W', true) ? 'factorized_phm_W = false' : undefined);
  if (odd !== undefined) throw cannot(odd, 'Compacter here has whole rules and left and right factors at each place');
  return {
    kind: 'phm',
    n: number(config, 'phm_dim'),
    rank: number(config, 'phm_rank'),
    share: flag(config, 'shared_phm_rule', true),
    bias: true,
  };
}

function compositionOf(config: Config): Change['composition'] & { readonly kind: 'add' | 'scaledAdd' | 'inputGate' } {
  const { scaling } = config;
  if (flag(config, 'use_gating')) {
    if (typeof scaling !== 'number')
      throw cannot('a gate together with a learned scaling', 'gated changes have a fixed scale here');
    return { kind: 'inputGate', scale: scaling, per: 'sequence' };
  }
  if (scaling === 'learned' || scaling === 'channel')
    return { kind: 'scaledAdd', scale: { kind: scaling === 'learned' ? 'learned' : 'perChannel', initial: 1 } };
  return scaling === 1 || scaling === undefined
    ? { kind: 'add' }
    : { kind: 'scaledAdd', scale: { kind: 'fixed', value: number(config, 'scaling') } };
}

/** Our part of each of theirs; matrices are stored `[out, in]`, `!` marks them. */
export const partNames: Readonly<Record<string, string>> = {
  'adapter_down.0.weight': 'down!',
  'adapter_down.0.bias': 'down.bias',
  'adapter_up.weight': 'up!',
  'adapter_up.bias': 'up.bias',
  'adapter_down.0.W_left': 'down.left',
  'adapter_down.0.W_right': 'down.right',
  'adapter_down.0.b': 'down.bias',
  'adapter_down.0.phm_rule': 'down.rule',
  'adapter_up.W_left': 'up.left',
  'adapter_up.W_right': 'up.right',
  'adapter_up.b': 'up.bias',
  'adapter_up.phm_rule': 'up.rule',
  scaling: 'scale',
  'gate.weight': 'gate.weight!',
  'gate.bias': 'gate.bias',
  'adapter_norm_after.weight': 'norm.gain',
  'adapter_norm_after.bias': 'norm.bias',
};

/** The parts that a change wants, and the file's tensors that are none of them. */
function partsHere(
  parts: Named,
  config: Config,
  { module, wanted }: { readonly module: string; readonly wanted: ReadonlySet<string> },
): { readonly own: Named; readonly left: readonly string[] } {
  const own: Record<string, Values> = {};
  const left: string[] = [];
  for (const [name, values] of Object.entries(parts)) {
    const marked = flag(config, 'ln_before') ? normFirst(name) : entryOf(partNames, name);
    const part = marked?.replace('!', '');
    if (marked === undefined || part === undefined || !wanted.has(part)) {
      left.push(`${name} of ${module}`);
      continue;
    }
    const read = marked.endsWith('!') ? transposed(values) : values;
    if (own[part] !== undefined && !equal(own[part], read))
      throw new UserError(`${name} of ${module} stands in the file twice, with other numbers: copy the adapter again`);
    own[part] = read;
  }
  return { own, left };
}

/** With a norm in front, the first of adapter_down is the norm; it stands in the file once more under its own name. */
function normFirst(name: string): string | undefined {
  const ofNorm = /^(?:adapter_norm_before|adapter_down\.0)\.(weight|bias)$/.exec(name)?.[1];
  if (ofNorm !== undefined) return ofNorm === 'weight' ? 'norm.gain' : 'norm.bias';
  return name.startsWith('adapter_down.0.')
    ? undefined
    : entryOf(partNames, name.replace('adapter_down.1.', 'adapter_down.0.'));
}
