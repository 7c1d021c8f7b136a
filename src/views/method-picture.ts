import { shapeNamed } from '../experiments/store/counts';
import type { ModelShape } from '../model/shape';
import { stacksOf, weightShapes } from '../model/shapes';
import type { Site, Stack } from '../model/site';
import { count } from '../petl/counts/count';
import { hasSite } from '../petl/design/places';
import type { Method } from '../petl/design/types';
import { parseMethod } from '../petl/design/written';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { blockPicture, type Insert, type Part } from '../plots/block-picture';
import type { Figure } from '../plots/figure';
import { pixelsOf } from '../plots/size';
import { changesOf, type Change } from './method-changes';

/** In which model a method is drawn, beside which other, and how wide. */
export interface MethodPicture {
  /** A name of `petl models`, a well-known backbone's or a folder; `minilm-l6` where left out. */
  readonly model?: string;
  /** A second method: what only one of the two has is coloured. */
  readonly against?: string;
  /** CSS pixels, or `84mm`; 760 where left out. */
  readonly width?: string | number;
}

const [ours, theirs, common] = ['#0072b2', '#d55e00', '#5b6570'];

/**
 * One block of a frozen transformer with what a method inserts where it sits: tensors with their shapes, trained
 * elements a layer, what is read (grey arrow in) and what is changed (coloured arrow out). Weights of the model that
 * train are tinted. With `against` a second method is drawn into the same block.
 * @throws UserError on an unreadable method, an unknown model, and a method that the model cannot have
 */
export function drawMethod(written: string, { model = 'minilm-l6', against, width = 760 }: MethodPicture = {}): Figure {
  const shape = shapeNamed(model);
  const methods = [written, ...(against === undefined ? [] : [against])].map(parseMethod);
  const rows = rowsOf(shape, methods);
  const marks = changesOf(methods, shape);
  const trained = new Set(methods.flatMap((method) => unfrozenNames(method, shape)));
  const inserts = marks.map(({ change, owners }) => insertOf(change, rows, colourOf(owners, methods.length)));
  return blockPicture(
    {
      name: `method-${written}`.replace(/[^\w-]+/g, '-'),
      title: methods.map(({ name }) => name).join(' and '),
      subtitle: subtitleOf(methods, shape, { model, stack: rows.stack }),
      width: pixelsOf(width),
    },
    { rows: rows.count, parts: partsOf(rows, shape, trained), inserts, numbers: marks.map(({ change }) => change.row) },
  );
}

/** Which sub-layers are drawn, and at which heights their vectors are. */
interface Rows {
  readonly stack: Stack;
  readonly cross: boolean;
  readonly words: boolean;
  readonly count: number;
  /** Height of the input of a site and of its output. */
  readonly heights: (site: Site) => { readonly x: number; readonly h: number };
}

/** The decoder where the model has one, with the table of words where a method changes it. */
function rowsOf(shape: ModelShape, methods: readonly Method[]): Rows {
  const stacks = stacksOf(shape);
  const stack = stacks[stacks.length - 1] ?? 'encoder';
  const cross = hasSite(shape, stack, 'cross');
  const words = methods.some(
    ({ prompt, passes, modifications, unfrozen }) =>
      prompt.kind !== 'none' ||
      passes.kind !== 'once' ||
      modifications.some(({ site }) => site === 'embedding') ||
      unfrozen.some(({ kind }) => kind === 'tokenRows' || kind === 'tokens'),
  );
  const start = words ? 1 : 0;
  const afterAttention = start + 4;
  const afterCross = afterAttention + (cross ? 4 : 0);
  const heights = (site: Site): { readonly x: number; readonly h: number } => {
    if (site === 'embedding') return { x: 0, h: start };
    if (site === 'block') return { x: start, h: afterCross + 4 };
    const [layer = '', part = 'end'] = site.split('.');
    const from = layer === 'attn' ? start : layer === 'cross' ? afterAttention : afterCross;
    const [x, h] = within[part] ?? [0, 3];
    return { x: from + x, h: from + h };
  };
  return { stack, cross, words, count: afterCross + 4, heights };
}

/** Rows above the beginning of a sub-layer, by the last word of a site. */
const within: Readonly<Record<string, readonly [x: number, h: number]>> = {
  query: [0, 0.9],
  key: [0, 0.9],
  value: [0, 0.9],
  heads: [0, 1.9],
  out: [1.9, 2.9],
  up: [0, 0.9],
  gate: [0, 0.9],
  mid: [0, 1.9],
  down: [1.9, 2.9],
  end: [0, 3],
};

function partsOf(
  { stack, cross, words, heights }: Rows,
  shape: ModelShape,
  trained: ReadonlySet<string>,
): readonly Part[] {
  const size = weightShapes(shape);
  const part = (row: number, [from, to]: readonly [number, number], text: string, weights = ''): Part => {
    const name = `${stack}.0.${weights}`;
    const shown = size[`${name}.weight`];
    const tensor = shown === undefined ? '' : ` [${shown.join(', ')}]`;
    const own = weights !== '' && [...trained].some((one) => one.startsWith(`${name}.`));
    return { row, from, to, text: `${text}${tensor}`, short: text, trained: own };
  };
  const joins = shape.norm.place === 'pre' ? 'add (norm first)' : 'add and norm';
  const attention = (name: 'attn' | 'cross'): readonly Part[] => {
    const row = heights(`${name}.query`).x;
    return [
      part(row, [0, 1 / 3], 'W_q', `${name}.query`),
      part(row, [1 / 3, 2 / 3], 'W_k', `${name}.key`),
      part(row, [2 / 3, 1], 'W_v', `${name}.value`),
      part(row + 1, [0, 1], `${shape.heads} heads: softmax(q Kᵀ) V`),
      part(row + 2, [0, 1], 'W_o', `${name}.out`),
      part(row + 3, [0, 1], `${name === 'attn' ? 'attention' : 'cross-attention'}: ${joins}`, `${name}.norm`),
    ];
  };
  const ffn = heights('ffn').x;
  const up = shape.gatedFfn ? 0.5 : 1;
  return [
    ...(words ? [part(0, [0, 1], `words [${shape.vocabulary}, ${shape.width}]`)] : []),
    ...attention('attn'),
    ...(cross ? attention('cross') : []),
    part(ffn, [0, up], 'W_up', 'ffn.up'),
    ...(shape.gatedFfn ? [part(ffn, [0.5, 1], 'W_gate', 'ffn.gate')] : []),
    part(ffn + 1, [0, 1], shape.activation),
    part(ffn + 2, [0, 1], 'W_down', 'ffn.down'),
    part(ffn + 3, [0, 1], `FFN: ${joins}`, 'ffn.norm'),
  ];
}

function insertOf({ site, reads, lines }: Change, { heights }: Rows, colour: string): Insert {
  const { x, h } = heights(site);
  return { lines, reads: reads === null ? null : reads === 'x' ? x : h - 0.05, changes: h, colour };
}

function colourOf(owners: readonly number[], methods: number): string {
  if (methods === 1) return ours;
  return owners.length === methods ? common : owners[0] === 0 ? ours : theirs;
}

function subtitleOf(
  methods: readonly Method[],
  shape: ModelShape,
  { model, stack }: { readonly model: string; readonly stack: Stack },
): string {
  const counts = methods.map((method) => {
    const { trained, backbone } = count(method, shape);
    const own = unfrozenNames(method, shape).length > 0 ? ', own weights of the model among them' : '';
    return `${trained.toLocaleString('en-US')} trained (${((100 * trained) / backbone).toPrecision(2)}%${own})`;
  });
  const colours = methods.length === 1 ? '' : '; blue: only the first has it, orange: only the second, grey: both';
  const layers = stack === 'encoder' ? shape.encoderLayers : shape.decoderLayers;
  return `one of ${layers} ${stack} blocks of ${model}: ${counts.join(' and ')}${colours}`;
}
