import { layersOf, stacksOf } from '../../model/shapes';
import type { ModelShape } from '../../model/shape';
import type { Bottleneck, Composition, Reads } from '../design/types';
import { activationNames, flags, initNames, partNames } from './adapters-bottleneck';
import { byName, cannot, type Base } from './base';
import type { Config } from './folder';
import { modulePath } from './modules';
import type { Piece } from './pieces';
import { filled, transposed, type Named, type Values } from './values';

/** Pieces of one kind that go to one configuration, under the adapter's name. */
export interface Placed {
  readonly pieces: readonly Piece[];
  readonly base: Base;
  readonly name: string;
}

export function bottleneckConfig({ pieces, base }: Placed): Config {
  const [
    {
      change: { form, composition },
      reads,
    },
  ] = pieces as readonly [Piece];
  if (
    form.kind !== 'bottleneck' ||
    form.perHead ||
    form.depth > 1 ||
    (form.factors.kind !== 'dense' && form.factors.kind !== 'phm')
  )
    throw cannot('this form', 'adapters has bottlenecks with whole or PHM matrices, none per head');
  const sites = new Set(pieces.map(({ site }) => site));
  return {
    ...Object.fromEntries(Object.entries(flags).map(([site, flag]) => [flag, sites.has(site as keyof typeof flags)])),
    reduction_factor: reduction(base.shape.width, form.r),
    non_linearity: activationOf(form),
    dropout: form.dropout,
    ...readsConfig(reads, base.shape),
    ...normConfig(form, composition),
    ...compositionConfig(composition),
    ...factorsConfig(form),
    original_ln_after: true,
    residual_before_ln: true,
    adapter_residual_before_ln: false,
    inv_adapter: null,
    inv_adapter_reduction_factor: null,
    stochastic_depth: 0,
    init_weights_seed: null,
    leave_out: leftOut(pieces, base.shape),
  };
}

export function bottleneckTensors({ pieces, base, name }: Placed): Named {
  return byName(
    pieces.flatMap((piece) => {
      const { form } = piece.change as { readonly form: Bottleneck };
      const module = `${modulePath(base.shape, { ...piece, part: piece.site })}.adapters.${name}`;
      const biases: Named =
        form.factors.kind === 'dense' && !form.factors.bias
          ? { 'down.bias': filled([form.r], 0), 'up.bias': filled([base.shape.width], 0) }
          : {};
      return partsThere({ ...piece.parts, ...biases }, form).map(
        ([part, values]) => [`${module}.${part}`, values] as const,
      );
    }),
  );
}

function partsThere(parts: Named, form: Bottleneck): readonly (readonly [string, Values])[] {
  const phm = form.factors.kind === 'phm';
  const theirs = Object.entries(partNames).filter(
    ([part]) =>
      !part.includes('adapter') || part.includes('norm') || phm === /\.(W_left|W_right|b|phm_rule)$/.test(part),
  );
  const first = form.innerNorm === 'in';
  return theirs.flatMap(([part, own]): (readonly [string, Values])[] => {
    const values = parts[own.replace('!', '')];
    if (values === undefined) return [];
    const stored = own.endsWith('!') ? transposed(values) : values;
    if (!first) return [[part, stored]];
    const norm = part.replace('adapter_norm_after', 'adapter_norm_before');
    if (norm !== part)
      return [
        [norm, stored],
        [norm.replace('adapter_norm_before', 'adapter_down.0'), stored],
      ];
    return [[part.replace('adapter_down.0', 'adapter_down.1'), stored]];
  });
}

function activationOf({ activation }: Bottleneck): string {
  const found = Object.entries(activationNames).find(([, own]) => own === activation)?.[0];
  if (found === undefined) throw cannot(`activation ${activation}`, 'adapters has no such function');
  return found;
}

function readsConfig(reads: Reads, { norm }: ModelShape): Config {
  const pre = norm.place === 'pre';
  const parallel = reads === (pre ? 'residual' : 'x') || (!pre && reads === 'residual');
  if (parallel) return { is_parallel: true, original_ln_before: false };
  if (reads === 'h') return { is_parallel: false, original_ln_before: false };
  if (reads === 'norm(h+residual)' || (pre && reads === 'h+residual'))
    return { is_parallel: false, original_ln_before: true };
  throw cannot(
    `an adapter that reads ${reads}`,
    pre && reads === 'x'
      ? 'in models that norm first adapters reads the stream before the norm (reads=residual here)'
      : 'adapters has no such insertion',
  );
}

function normConfig({ innerNorm }: Bottleneck, { kind }: Composition): Config {
  if (innerNorm === 'out' && kind !== 'add')
    throw cannot('an outer norm with a scale or gate', 'adapters applies them in another order');
  return { ln_before: innerNorm === 'in', ln_after: innerNorm === 'out' };
}

function compositionConfig(composition: Composition): Config {
  switch (composition.kind) {
    case 'add':
      return { scaling: 1.0, use_gating: false };
    case 'inputGate':
      return { scaling: composition.scale, use_gating: true, ...(composition.per === 'sequence' ? {} : perToken()) };
    case 'scaledAdd': {
      const { scale } = composition;
      return {
        use_gating: false,
        scaling: scale.kind === 'fixed' ? scale.value : scale.kind === 'learned' ? 'learned' : 'channel',
      };
    }
    case 'massGate':
    case 'multiply':
    case 'renormalise':
      throw cannot(`composition ${composition.kind} of a bottleneck`, 'adapters adds, with a scale or a gate');
  }
}

function perToken(): never {
  throw cannot('a gate per token', 'adapters averages gates over the sequence');
}

function factorsConfig({ factors }: Bottleneck): Config {
  const init =
    factors.kind === 'dense'
      ? (Object.entries(initNames).find(([, { kind }]) => kind === factors.init.kind)?.[0] ?? 'bert')
      : 'bert';
  const phm =
    factors.kind === 'phm'
      ? { phm_dim: factors.n, phm_rank: factors.rank, shared_phm_rule: factors.share }
      : { phm_dim: 4, phm_rank: 1, shared_phm_rule: true };
  return {
    init_weights: init,
    phm_layer: factors.kind === 'phm',
    ...phm,
    phm_bias: true,
    learn_phm: true,
    factorized_phm_W: true,
    factorized_phm_rule: false,
    shared_W_phm: false,
    hypercomplex_nonlinearity: 'glorot-uniform',
    phm_c_init: 'normal',
    phm_init_range: 0.0001,
  };
}

/** The factor that gives back r: adapters takes the whole part of width / factor. */
function reduction(width: number, r: number): number {
  return width % r === 0 ? width / r : width / (r + 0.5);
}

/** Layers without a change, an encoder's first. */
export function leftOut(pieces: readonly Piece[], shape: ModelShape): readonly number[] {
  const all = stacksOf(shape).flatMap((stack) =>
    Array.from({ length: layersOf(shape, stack) }, (_, layer) => ({ stack, layer })),
  );
  return all.flatMap(({ stack, layer }, index) =>
    pieces.some((piece) => piece.stack === stack && piece.layer === layer) ? [] : [index],
  );
}
