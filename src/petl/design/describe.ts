import type { ModelShape } from '../../model/shape';
import { stacksOf } from '../../model/shapes';
import type { Site } from '../../model/site';
import { compositionOf } from './composition';
import { formSizes, formText } from './forms';
import { formulaText, formulaValue, modelSizes, plus, sum, type Formula, type Sizes } from './formula';
import { placesOf, type Place } from './places';
import { encodedWidth } from './prompt';
import { insertionOf } from './reads';
import { ownSizes, sizeFormulas } from './sizes';
import { tokenRowIds } from './training';
import type { Form, Layers, Lifecycle, Method, Modification, WrittenPrompt } from './types';

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
  const present = method.modifications.filter((modification) => placesOf(modification, shape).length > 0);
  const groups = groupsOf(present.length > 0 ? { modifications: present } : method);
  const shared = new Set<string>(); // what an earlier row has counted
  const changes = groups.map((group) => changeRow(method, group, shared, shape));
  const rows = [...changes, ...ownRows(method, shape), ...promptRow(method, shape), ...passesRow(method, shape)];
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
export function groupsOf({ modifications }: Pick<Method, 'modifications'>): readonly Group[] {
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

function changeRow(method: Method, group: Group, shared: Set<string>, shape: ModelShape): DesignRow {
  const [{ form, reads, composition, layers }] = group;
  return {
    method: method.name,
    sites: group.map(({ site }) => site).join(', ') + layersText(layers),
    insertion: insertionOf(reads),
    form: formText(form, reads),
    composition: compositionOf(composition, form, reads) + lifecycleOf(method.lifecycle, form),
    parameters: shares(group, shared, shape),
  };
}

/** Per layer, per stack (a prefix MLP), and once for the method (a rule that Kronecker products share). */
function shares(group: Group, shared: Set<string>, shape: ModelShape): readonly Share[] {
  const [first] = group;
  const places = placesOf(first, shape);
  const stacks = new Set(places.map(({ stack }) => stack));
  const share = shareOf({ ...modelSizes(shape), ...formSizes(first.form) });
  const formulas = group.map((modification) => sizeFormulas(modification, shape));
  const once = [...new Map(formulas.flatMap((formula) => [...formula.once]))].filter(([name]) => !shared.has(name));
  for (const [name] of once) shared.add(name);
  return [
    share(plus(...formulas.map(({ place }) => place)), places.length, unitOf(first.site, places, shape)),
    share(plus(...formulas.map(({ stack }) => stack)), stacks.size, stacks.size > 1 ? 'a stack' : 'once'),
    share(plus(...once.map(([, formula]) => formula)), Math.min(1, places.length), 'once'),
  ].filter(({ text }) => text !== '');
}

const shareOf =
  (sizes: Sizes) =>
  (formula: Formula, times: number, unit: string): Share =>
    formula.length === 0
      ? { text: '', value: 0 }
      : { text: `${formulaText(formula)} ${unit}`, value: times * formulaValue(formula, sizes) };

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
    const rows = tokenRowIds(part, shape.vocabulary);
    const words = {
      all: shape.pooler ? 'every weight but the pooler' : 'every weight',
      biases: 'every bias',
      layerNorms: 'every norm',
      topLayers: `the top ${part.kind === 'topLayers' ? part.k : ''} layers`,
      tokenRows: `the last ${rows.length} rows of the word table`,
      tokens: `${rows.length} rows of the word table`,
    };
    const share = shareOf({ ...modelSizes(shape), ...(rows.length > 0 ? { t: rows.length } : {}) });
    const sizes = ownSizes(method, index, shape).map(({ where, times, formula }) =>
      share(formula, times, where === 'outside' ? 'once' : layerOf(where, shape)),
    );
    const parameters = rows.length > 0 ? [share(sum(`t ${tableLetter(shape)}`), 1, 'once')] : sizes;
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
  const table = tableLetter(shape);
  if (prompt.kind === 'free')
    return [
      row(name, {
        sites: 'embedding',
        form: `${prompt.length} free vectors`,
        composition,
        parameters: [shareOf({ ...modelSizes(shape), l: prompt.length })(sum(`l ${table}`), 1, 'once')],
      }),
    ];
  const sizes = { ...modelSizes(shape), l: prompt.length, q: prompt.width, e: encodedWidth(prompt, shape) };
  const formula = sum('l q', '2 q q', '2 q e', '2 q', `q ${table}`, table);
  return [
    row(name, {
      sites: 'embedding',
      form: `${prompt.length} vectors: P0 asks E of ${readsOf(prompt)} with ${prompt.heads} heads`,
      composition,
      parameters: [shareOf(sizes)(formula, 1, 'once')],
    }),
  ];
}

function passesRow({ name, passes, prompt }: Method, shape: ModelShape): readonly DesignRow[] {
  if (passes.kind === 'once') return [];
  const table = tableLetter(shape);
  const again = prompt.kind !== 'none' && stacksOf(shape).length === 1 ? [`l ${table}`] : [];
  const sizes = { ...modelSizes(shape), r: passes.r, ...(prompt.kind === 'none' ? {} : { l: prompt.length }) };
  const formula = sum(...again, '2 d', 'd r', 'r', `r ${table}`, table);
  return [
    row(name, {
      sites: 'between two passes',
      form: `GELU(LN(h) W_down) W_up, r = ${passes.r}`,
      composition: passes.words === 'kept' ? 'added to the word vectors' : 'in place of the word vectors',
      parameters: [shareOf(sizes)(formula, 1, 'once')],
    }),
  ];
}

function readsOf({ encoder, source }: WrittenPrompt): string {
  const text = { true: 'the input', shuffled: "another example's input", constant: 'an empty text' }[source];
  return encoder.kind === 'own' ? `${text}, by the lowest ${encoder.layers} layers` : `${text}, by ${encoder.name}`;
}

function tableLetter({ embeddingWidth }: ModelShape): string {
  return embeddingWidth === null ? 'd' : 'd_e';
}
