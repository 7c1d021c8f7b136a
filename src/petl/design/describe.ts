import type { ModelShape } from '../../model/shape';
import { stacksOf } from '../../model/shapes';
import type { Site } from '../../model/site';
import type {
  Activation,
  Bottleneck,
  Composition,
  Form,
  Layers,
  Lifecycle,
  Method,
  Modification,
  Reads,
} from './types';
import { formulaText, formulaValue, modelSizes, plus, sum, type Formula, type Sizes } from './formula';
import { placesOf, type Place } from './places';
import { formSizes, ownSizes, sizeFormulas } from './sizes';

/** A method along the four dimensions of He et al. 2021, section 3.2, in the words and letters of its Table 1. */
export interface DesignRow {
  readonly method: string;
  /** The modified representation. */
  readonly sites: string;
  readonly insertion: 'parallel' | 'sequential' | '-';
  /** What the form computes, Δh; biases are left out, as in the paper. */
  readonly form: string;
  /** How h takes Δh up, and what training does to it on the way. */
  readonly composition: string;
  /** Trained elements: `r (d + d_a) a layer`, and their number in the whole model. */
  readonly parameters: readonly Share[];
}

/** Text and number of the same formula. */
export interface Share {
  readonly text: string;
  readonly value: number;
}

/**
 * The rows of a method on a model: one for each kind of change, then the model's own weights that train, then a prompt.
 */
export function describeMethod(method: Method, shape: ModelShape): readonly DesignRow[] {
  const groups = groupsOf(method);
  const present = groups.filter(([first]) => placesOf(first, shape).length > 0);
  const changes = (present.length > 0 ? present : groups).map((group, i, all) =>
    changeRow(method, group, all.slice(0, i), shape),
  );
  const rows = [...changes, ...ownRows(method, shape), ...promptRow(method, shape)];
  return rows.length > 0 ? rows : [row(method.name, { parameters: [{ text: 'the head alone', value: 0 }] })];
}

/** Trained elements of all rows: what `count` calls `trained`. */
export function rowsTotal(rows: readonly DesignRow[]): number {
  return rows.flatMap(({ parameters }) => parameters).reduce((total, { value }) => total + value, 0);
}

export type Group = readonly [Modification, ...Modification[]];

/**
 * Modifications that differ in their site alone stand together; cross-attention, which few layers have, and the
 * embedding apart.
 */
export function groupsOf({ modifications }: Method): readonly Group[] {
  const groups = new Map<string, [Modification, ...Modification[]]>();
  for (const modification of modifications) {
    const { site, ...rest } = modification;
    const key = JSON.stringify([/^(cross|embedding)/.exec(site)?.[0], rest]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [modification]);
    else group.push(modification);
  }
  return [...groups.values()];
}

const row = (method: string, parts: Partial<DesignRow>): DesignRow => ({
  method,
  sites: '-',
  insertion: '-',
  form: '-',
  composition: '-',
  parameters: [],
  ...parts,
});

function changeRow(method: Method, group: Group, earlier: readonly Group[], shape: ModelShape): DesignRow {
  const [{ form, reads, composition, layers }] = group;
  return {
    method: method.name,
    sites: group.map(({ site }) => site).join(', ') + layersText(layers),
    insertion: insertionOf(reads),
    form: changeOf(form, reads),
    composition: compositionOf(composition, form, reads) + lifecycleOf(method.lifecycle, form),
    parameters: shares(group, earlier, shape),
  };
}

/** Per layer, per stack (a prefix MLP), and once for the method (a rule that Kronecker products share). */
function shares(group: Group, earlier: readonly Group[], shape: ModelShape): readonly Share[] {
  const [first] = group;
  const places = placesOf(first, shape);
  const stacks = new Set(places.map(({ stack }) => stack));
  const share = shareOf({ ...modelSizes(shape), ...formSizes(first.form) });
  const formulas = group.map(sizeFormulas);
  const rule = sharedRule(first.form);
  const ruled = rule !== undefined && earlier.every(([other]) => sharedRule(other.form) !== rule);
  return [
    share(plus(...formulas.map(({ place }) => place)), places.length, unitOf(first.site, places, shape)),
    share(plus(...formulas.map(({ stack }) => stack)), stacks.size, stacks.size > 1 ? 'a stack' : 'once'),
    share(ruled ? sum('n n n') : [], Math.min(1, places.length), 'once'),
  ].filter(({ text }) => text !== '');
}

const shareOf =
  (sizes: Sizes) =>
  (formula: Formula, times: number, unit: string): Share =>
    formula.length === 0
      ? { text: '', value: 0 }
      : { text: `${formulaText(formula)} ${unit}`, value: times * formulaValue(formula, sizes) };

function sharedRule(form: Form): number | undefined {
  return form.kind === 'bottleneck' && form.factors.kind === 'phm' && form.factors.share ? form.factors.n : undefined;
}

function unitOf(site: Site, places: readonly Place[], shape: ModelShape): string {
  if (site === 'embedding') return places.length > 1 ? 'a stack' : 'once';
  const [stack, other] = new Set(places.map((place) => place.stack));
  return stack === undefined || other !== undefined ? 'a layer' : layerOf(stack, shape);
}

const layerOf = (stack: string, shape: ModelShape): string =>
  stacksOf(shape).length === 1 ? 'a layer' : `${stack === 'encoder' ? 'an' : 'a'} ${stack} layer`;

function layersText(layers: Layers): string {
  if (layers === 'all') return '';
  return 'from' in layers ? ` from layer ${layers.from}` : ` of layers ${layers.join(', ')}`;
}

/** Parallel forms read what the frozen sub-module reads, sequential ones what it made. */
export function insertionOf(reads: Reads): 'parallel' | 'sequential' {
  return /^(h|norm\(h)/.test(reads) ? 'sequential' : 'parallel';
}

const functions: Readonly<Record<Activation, string>> = {
  identity: '',
  relu: 'ReLU',
  gelu: 'GELU',
  geluTanh: 'GELU',
  silu: 'SiLU',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  softmax: 'softmax',
};

function changeOf(form: Form, reads: Reads): string {
  if (form.kind === 'prefix')
    return `softmax(x W_q P_kᵀ) P_v${form.reparameterisation.kind === 'mlp' ? ', P from an MLP' : ''}`;
  if (form.kind === 'diagonal') return 'l';
  const [down, up] = factorsOf(form);
  const input = form.innerNorm === 'in' ? `LN(${letterOf(reads)})` : letterOf(reads);
  const f = functions[form.activation];
  const active = f === '' ? `${input} ${down}` : `${f}(${input} ${down})`;
  const change = `${form.dropout > 0 ? `drop(${active}, ${form.dropout})` : active} ${up}`;
  const whole = form.factors.kind === 'principal' ? `${change} − ${input} A_0 B_0` : change;
  return `${form.innerNorm === 'out' ? `LN(${whole})` : whole}${form.trains === 'up' ? `, ${down} frozen` : ''}`;
}

function factorsOf({ factors, perHead }: Bottleneck): readonly [down: string, up: string] {
  switch (factors.kind) {
    case 'dense':
      return perHead ? ['P_kᵀ', 'P_v'] : ['W_down', 'W_up'];
    case 'phm':
      return ['Σ A_i ⊗ B_i', 'Σ A_i ⊗ C_i'].map((sums) => `(${sums})`) as [string, string];
    case 'frozenRandom':
      return ['R_1 diag(c)', 'R_2 diag(b)'];
    case 'principal':
      return ['A', 'B'];
    case 'triplet':
      return ['P diag(e)', 'Q'];
  }
}

function letterOf(reads: Reads): string {
  return {
    x: 'x',
    h: 'h',
    query: 'x W_q',
    'query(norm(x))': 'LN(x) W_q',
    residual: 'residual',
    'h+residual': '(h + residual)',
    'norm(h+residual)': 'norm(h + residual)',
  }[reads];
}

export function compositionOf(composition: Composition, form: Form, reads: Reads): string {
  switch (composition.kind) {
    case 'add':
      return 'h + Δh';
    case 'scaledAdd':
      return `h + s Δh, s ${composition.scale.kind === 'fixed' ? `= ${digits(composition.scale.value)}` : { learned: 'learned', perChannel: 'learned for each channel' }[composition.scale.kind]}`;
    case 'massGate':
      return '(1 − λ) h + λ Δh';
    case 'inputGate':
      return gatedOf(composition, form, reads);
    case 'multiply':
      return form.kind === 'diagonal' ? 'l h' : 'h (1 + Δh)';
    case 'renormalise':
      return `m (W + s ΔW) / |W + s ΔW| x, s = ${digits(composition.scale)}`;
  }
}

function gatedOf({ scale, per }: Extract<Composition, { kind: 'inputGate' }>, form: Form, reads: Reads): string {
  const [s, said] = scale === 1 ? ['', ''] : ['s ', `, s = ${digits(scale)}`];
  const gate = `g = σ(${form.kind === 'prefix' ? 'x' : letterOf(reads)} w + b)${per === 'sequence' ? ', its mean over the sequence' : ''}`;
  return form.kind === 'prefix'
    ? `(1 − λ) h + λ Δh of g P_k, g ${s}P_v${said}, ${gate}`
    : `h + g ${s}Δh${said}, ${gate}`;
}

function lifecycleOf(lifecycle: Lifecycle, form: Form): string {
  switch (lifecycle.kind) {
    case 'fixed':
      return '';
    case 'rankBudget':
      return form.kind === 'bottleneck' && form.factors.kind === 'triplet'
        ? `; pruned to ${lifecycle.target} directions on average`
        : '';
    case 'layerDrop':
      return `; each training step leaves out the first n layers, n ≤ ${lifecycle.first}`;
  }
}

function ownRows(method: Method, shape: ModelShape): readonly DesignRow[] {
  return method.unfrozen.map((part, index) => {
    const words = {
      all: shape.pooler ? 'every weight but the pooler' : 'every weight',
      biases: 'every bias',
      layerNorms: 'every norm',
      topLayers: `the top ${part.kind === 'topLayers' ? part.k : ''} layers`,
      tokenRows: `the last ${part.kind === 'tokenRows' ? part.count : ''} rows of the word table`,
    };
    const share = shareOf({ ...modelSizes(shape), ...(part.kind === 'tokenRows' ? { t: part.count } : {}) });
    const sizes = ownSizes(method, index, shape).map(({ where, times, formula }) =>
      share(formula, times, where === 'outside' ? 'once' : layerOf(where, shape)),
    );
    const parameters = part.kind === 'tokenRows' ? [share(sum('t d'), 1, 'once')] : sizes;
    return row(method.name, {
      sites: words[part.kind],
      form: 'the weights themselves',
      composition: 'replaced',
      parameters: parameters.length > 0 ? parameters : [{ text: '0', value: 0 }],
    });
  });
}

function promptRow({ name, prompt }: Method, shape: ModelShape): readonly DesignRow[] {
  if (prompt.kind === 'none') return [];
  const composition = `put in front of the input${prompt.positions === 'shifted' ? ', whose positions follow' : ''}`;
  return [
    row(name, {
      sites: 'embedding',
      form: `${prompt.length} free vectors`,
      composition,
      parameters: [shareOf({ ...modelSizes(shape), l: prompt.length })(sum('l d'), 1, 'once')],
    }),
  ];
}

/** At most three digits. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
