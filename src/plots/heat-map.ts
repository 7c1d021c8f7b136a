import { axis, figure, headRoom } from './figure';
import type { Annotation, Cell, Data, Figure, Shape } from './figure';
import { textWidth } from './fonts';
import { pixelsOf, sizeClass } from './size';
import { plain, wrapped } from './text';

/** One cell of a heat map. */
export interface HeatCell {
  readonly row: string;
  readonly column: string;
  readonly value: number;
}

export interface HeatMapOptions {
  readonly name: string;
  readonly title: string;
  readonly subtitle?: string;
  /** What the colour means: `accuracy`, `points above head only`. */
  readonly unit: string;
  /** What rows and columns are. */
  readonly axes: readonly [rows: string, columns: string];
  readonly text?: (value: number) => string;
  /** Side of a cell in pixels, width and height. */
  readonly cell?: readonly [number, number];
  readonly range?: readonly [number, number];
  /** Pixels, or a length on paper, by which cells are then as wide as they can. */
  readonly width?: number | string;
}

/** Cividis: even steps of lightness, read the same with and without colour vision. */
const stops = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
];

/**
 * Values in a grid, rows and columns in order of appearance. Cells are shapes, so that the picture stays sharp at any
 * size.
 */
export function heatMap(cells: readonly HeatCell[], options: HeatMapOptions): Figure {
  const { text = digitsOf(cells), cell: [usual, least] = [64, 34], axes } = options;
  const [rowsName, columnsName] = axes;
  const rows = [...new Set(cells.map((cell) => cell.row))];
  const columns = [...new Set(cells.map((cell) => cell.column))];
  const [low, high] = options.range ?? rangeOf(cells);
  const wanted = options.width === undefined ? undefined : pixelsOf(options.width);
  const sizes = sizeClass(wanted ?? 940);
  const style = { size: sizes.tick, weight: 400 };
  const names = rows.map((row) => wrapped(row, wanted === undefined ? 1e4 : 0.3 * wanted, style));
  const h = heightOf(rows.length, { least, name: rowsName, size: sizes.label + 1 });
  const named = (name: string): number => (name === '' ? 0 : 1.8 * sizes.label);
  const left =
    named(rowsName) + (sizes.keysBelow ? 12 : 24) + Math.max(...names.flat().map((line) => textWidth(line, style)));
  const bar = sizes.keysBelow ? 66 : 110;
  const w = wanted === undefined ? usual : (wanted - left - bar) / columns.length;
  const heads = columns.map((column) => (wanted === undefined ? [column] : wrapped(column, w - 2, style)));
  const at = (cell: HeatCell): [number, number] => [columns.indexOf(cell.column), rows.indexOf(cell.row)];
  const share = (cell: HeatCell): number => Math.min(1, Math.max(0, (cell.value - low) / (high - low || 1)));
  const head = {
    name: options.name,
    title: options.title,
    subtitle: options.subtitle ?? '',
    width: wanted ?? Math.ceil(Math.max(left + columns.length * w + bar, 420)),
    height: 0,
  };
  const top = headRoom(head);
  const lines = Math.max(...heads.map((one) => one.length));
  const bottom = named(columnsName) + (wanted === undefined ? 56 : 16 + 1.3 * sizes.tick * lines);
  const frame = { ...head, height: Math.ceil(top + rows.length * h + bottom) };
  const quiet = { showline: false, ticks: '', showgrid: false, fixedrange: true, ticklabelstandoff: 5 } as const;
  const layout = {
    margin: { l: left, r: frame.width - left - columns.length * w, t: top, b: bottom },
    showlegend: false,
    xaxis: axis(plain(columnsName), {
      ...quiet,
      range: [-0.5, columns.length - 0.5],
      tickvals: [...columns.keys()],
      ticktext: heads.map((lines) => lines.map(plain).join('<br>')),
      ...(wanted === undefined ? {} : { tickangle: 0 as const }),
    }),
    yaxis: axis(plain(rowsName), {
      ...quiet,
      range: [rows.length - 0.5, -0.5],
      tickvals: [...rows.keys()],
      ticktext: names.map((lines) => lines.map(plain).join('<br>')),
    }),
    shapes: cells.map((cell) => square(at(cell), colourAt(share(cell)))),
    annotations: cells.map((cell) =>
      number(at(cell), text(cell.value), { share: share(cell), size: sizes.label }),
    ) as Annotation[],
  };
  const numbers = cells.map(({ row, column, value }): Record<string, Cell> => ({ row, column, [options.unit]: value }));
  return figure(frame, {
    data: [hoverMarks(cells, at, { low, high, unit: options.unit, size: sizes.label, bar: rows.length > 1 })],
    layout,
    numbers,
  });
}

/** Of a row: the name of few rows stands beside them, not in the heading. */
function heightOf(rows: number, { least, name, size }: { least: number; name: string; size: number }): number {
  return Math.max(least, (textWidth(name, { size, weight: 400 }) + 4) / rows);
}

/** Two digits of the largest number, and at least as many behind the point. */
function digitsOf(cells: readonly HeatCell[]): (value: number) => string {
  const largest = Math.max(...cells.map((cell) => Math.abs(cell.value)));
  const digits = largest > 0 ? Math.max(2, 1 - Math.floor(Math.log10(largest))) : 2;
  return (value) => value.toFixed(Math.min(digits, 8));
}

function rangeOf(cells: readonly HeatCell[]): [number, number] {
  const values = cells.map((cell) => cell.value);
  return [Math.min(...values), Math.max(...values)];
}

function square([x, y]: readonly [number, number], fillcolor: string): Partial<Shape> {
  return {
    type: 'rect',
    xref: 'x',
    yref: 'y',
    x0: x - 0.5,
    x1: x + 0.5,
    y0: y - 0.5,
    y1: y + 0.5,
    fillcolor,
    layer: 'below',
    line: { color: '#ffffff', width: 1.5 },
  };
}

function number(
  [x, y]: readonly [number, number],
  text: string,
  { share, size }: { readonly share: number; readonly size: number },
): Partial<Annotation> {
  return { x, y, text, showarrow: false, font: { size, color: share > 0.55 ? '#1f2933' : '#ffffff' } };
}

/** Invisible marks: they carry the hover text and the colour bar. */
function hoverMarks(
  cells: readonly HeatCell[],
  at: (cell: HeatCell) => readonly [number, number],
  scale: { low: number; high: number; unit: string; size: number; bar: boolean },
): Data {
  const colorscale = stops.map((stop, i): [number, string] => [i / (stops.length - 1), stop]);
  return {
    type: 'scatter',
    mode: 'markers',
    x: cells.map((cell) => at(cell)[0]),
    y: cells.map((cell) => at(cell)[1]),
    text: cells.map((cell) => plain(`${cell.row}, ${cell.column}: ${cell.value}`)),
    hoverinfo: 'text',
    marker: {
      size: 20,
      opacity: 0,
      color: cells.map((cell) => cell.value),
      cmin: scale.low,
      cmax: scale.high,
      colorscale,
      showscale: scale.bar,
      colorbar: {
        title: { text: plain(scale.unit), side: 'right', font: { size: scale.size } },
        thickness: 12,
        outlinewidth: 0,
        tickfont: { size: scale.size - 1 },
        x: 1.02,
        xpad: 6,
      },
    },
  } as Data;
}

/** Linear between the stops; share in [0, 1]. */
export function colourAt(share: number): string {
  const position = share * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(position));
  const channel = (stop: number, c: number): number =>
    Number.parseInt((stops[stop] ?? '#000000').slice(1 + 2 * c, 3 + 2 * c), 16);
  const mixed = [0, 1, 2].map((c) => Math.round(channel(i, c) + (position - i) * (channel(i + 1, c) - channel(i, c))));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
