import type { Annotation, Data } from './figure';
import { textWidth } from './fonts';
import { linearRange, type Range } from './scale';
import type { SizeClass } from './size';
import { plain, wrapped } from './text';

const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#5b6570',
  '#7b3294',
  '#1f2933',
  '#b8860b',
];

/** Lines that a figure tells apart by their colours. */
export const mostLines: number = palette.length;

/** A colour for every line, in order of first appearance. */
export function lineColours(labels: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(labels)].map((label, i) => [label, palette[i % palette.length] ?? '#000000']));
}

export interface LineEnd {
  readonly label: string;
  readonly y: number;
}

export interface LineEnds {
  readonly annotations: Partial<Annotation>[];
  /** Right margin in pixels that the names need. */
  readonly room: number;
  readonly range: [number, number];
}

interface Field {
  readonly values: readonly number[];
  /** Of the values; as linear as they are where left out. */
  readonly range?: Range;
  readonly height: number;
  readonly colour: ReadonlyMap<string, string>;
  readonly sizes: SizeClass;
  /** Most pixels that the names may take; longer ones go on in a second line. */
  readonly most: number;
}

/**
 * The name of each line at its right end, moved up or down where names would touch. `height` is of the plotting area.
 */
export function lineEnds(ends: readonly LineEnd[], { values, range, height, colour, sizes, most }: Field): LineEnds {
  const { from, to } = range ?? linearRange(values.length > 0 ? values : [0, 1]);
  const style = { size: sizes.label, weight: 400 };
  const names = ends.map(({ label }) => wrapped(label, most, style));
  const wanted = ends.map((end) => ((to - end.y) / (to - from)) * height);
  const placed = spreadOut(wanted, gapOf(names, sizes), height);
  const annotations = ends.map((end, i): Partial<Annotation> => ({
    text: (names[i] ?? []).map(plain).join('<br>'),
    xref: 'paper',
    x: 1,
    xanchor: 'left',
    xshift: 8,
    yref: 'paper',
    y: 1 - (placed[i] ?? 0) / height,
    yanchor: 'middle',
    showarrow: false,
    font: { size: sizes.label, color: colour.get(end.label) ?? '#000000' },
    align: 'left',
  }));
  const widest = Math.max(0, ...names.flat().map((name) => textWidth(name, style)));
  return { annotations, room: Math.ceil(widest) + (sizes.keysBelow ? 14 : 24), range: [from, to] };
}

/** Pixels of plotting area in which names stand below each other. */
export function heightOfNames(ends: readonly LineEnd[], { sizes, most }: Pick<Field, 'sizes' | 'most'>): number {
  const names = ends.map(({ label }) => wrapped(label, most, { size: sizes.label, weight: 400 }));
  return Math.ceil((ends.length - 1) * gapOf(names, sizes));
}

function gapOf(names: readonly (readonly string[])[], { label }: SizeClass): number {
  return 1.25 * Math.max(1, ...names.map((name) => name.length)) * label;
}

interface Block {
  /** Mean of what its positions would be without the gaps between them. */
  readonly at: number;
  readonly count: number;
}

/**
 * Nearest positions in [0, size] (least squares) that keep the order and are `gap` apart; as far apart as there is room
 * where that is less.
 */
export function spreadOut(wanted: readonly number[], gap: number, size: number): number[] {
  const order = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const apart = Math.min(gap, size / Math.max(1, order.length - 1));
  const blocks: Block[] = [];
  order.forEach((i, k) => {
    let block: Block = { at: (wanted[i] ?? 0) - k * apart, count: 1 };
    for (let last = blocks.at(-1); last !== undefined && last.at > block.at; last = blocks.at(-1)) {
      const count = last.count + block.count;
      block = { at: (last.at * last.count + block.at * block.count) / count, count };
      blocks.pop();
    }
    blocks.push(block);
  });
  const most = size - (order.length - 1) * apart;
  const flat = blocks.flatMap(({ at, count }) => Array<number>(count).fill(Math.max(0, Math.min(at, most))));
  const placed = [...wanted];
  order.forEach((i, k) => (placed[i] = (flat[k] ?? 0) + k * apart));
  return placed;
}

/** A mean as a line across a logarithmic x axis, with a band of one standard deviation. */
export function referenceLine(
  of: { readonly label: string; readonly mean: number; readonly sd: number },
  x: Range,
  dash: 'solid' | 'dot' = 'solid',
): Data[] {
  // A little beyond the axis, for a reader who zooms out; resvg gives up on far larger numbers.
  const ends = [10 ** (x.from - 1), 10 ** (x.to + 1)];
  const line = {
    type: 'scatter',
    mode: 'lines',
    name: plain(of.label),
    showlegend: false,
    x: ends,
    y: [of.mean, of.mean],
    line: { color: '#4b5563', width: 1.5, dash },
    hovertemplate: `<b>${plain(of.label)}</b><br>%{y}<extra></extra>`,
  } as Data;
  if (of.sd === 0) return [line];
  const [low, high] = [of.mean - of.sd, of.mean + of.sd];
  const band = {
    type: 'scatter',
    mode: 'none',
    fill: 'toself',
    fillcolor: 'rgba(75, 85, 99, 0.11)',
    hoverinfo: 'skip',
    showlegend: false,
    x: [...ends, ...[...ends].reverse()],
    y: [low, low, high, high],
  } as Data;
  return [band, line];
}
