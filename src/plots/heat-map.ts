import { axis, figure } from './figure';
import type { Annotation, Cell, Data, Figure, Shape } from './figure';
import { textWidth } from './fonts';

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
  readonly text?: (value: number) => string;
  /** Side of a cell in pixels, width and height. */
  readonly cell?: readonly [number, number];
  readonly range?: readonly [number, number];
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
  const { text = (value: number) => value.toFixed(2), cell: [w, h] = [64, 34] } = options;
  const rows = [...new Set(cells.map((cell) => cell.row))];
  const columns = [...new Set(cells.map((cell) => cell.column))];
  const [low, high] = options.range ?? rangeOf(cells);
  const left = 24 + Math.max(...rows.map((row) => textWidth(row, { size: 12, weight: 400 })));
  const at = (cell: HeatCell): [number, number] => [columns.indexOf(cell.column), rows.indexOf(cell.row)];
  const share = (cell: HeatCell): number => Math.min(1, Math.max(0, (cell.value - low) / (high - low || 1)));
  const frame = {
    name: options.name,
    title: options.title,
    subtitle: options.subtitle ?? '',
    width: Math.ceil(Math.max(left + columns.length * w + 110, 420)),
    height: 78 + rows.length * h + 56,
  };
  const quiet = { showline: false, ticks: '', showgrid: false, fixedrange: true, ticklabelstandoff: 5 } as const;
  const layout = {
    margin: { l: left, r: frame.width - left - columns.length * w, t: 78, b: 56 },
    showlegend: false,
    xaxis: axis('', {
      ...quiet,
      range: [-0.5, columns.length - 0.5],
      tickvals: [...columns.keys()],
      ticktext: columns,
    }),
    yaxis: axis('', { ...quiet, range: [rows.length - 0.5, -0.5], tickvals: [...rows.keys()], ticktext: rows }),
    shapes: cells.map((cell) => square(at(cell), colourAt(share(cell)))),
    annotations: cells.map((cell) => number(at(cell), text(cell.value), share(cell))) as Annotation[],
  };
  const numbers = cells.map((cell): Record<string, Cell> => ({
    row: cell.row,
    column: cell.column,
    [options.unit]: cell.value,
  }));
  return figure(frame, { data: [hoverMarks(cells, at, { low, high, unit: options.unit })], layout, numbers });
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

function number([x, y]: readonly [number, number], text: string, share: number): Partial<Annotation> {
  return { x, y, text, showarrow: false, font: { size: 12, color: share > 0.55 ? '#1f2933' : '#ffffff' } };
}

/** Invisible marks: they carry the hover text and the colour bar. */
function hoverMarks(
  cells: readonly HeatCell[],
  at: (cell: HeatCell) => readonly [number, number],
  scale: { low: number; high: number; unit: string },
): Data {
  const colorscale = stops.map((stop, i): [number, string] => [i / (stops.length - 1), stop]);
  return {
    type: 'scatter',
    mode: 'markers',
    x: cells.map((cell) => at(cell)[0]),
    y: cells.map((cell) => at(cell)[1]),
    text: cells.map((cell) => `${cell.row}, ${cell.column}: ${cell.value}`),
    hoverinfo: 'text',
    marker: {
      size: 20,
      opacity: 0,
      color: cells.map((cell) => cell.value),
      cmin: scale.low,
      cmax: scale.high,
      colorscale,
      showscale: true,
      colorbar: {
        title: { text: scale.unit, side: 'right', font: { size: 12 } },
        thickness: 12,
        outlinewidth: 0,
        tickfont: { size: 11 },
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
