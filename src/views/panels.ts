import { axis, figure, headRoom } from '../plots/figure';
import type { Annotation, Data, Figure, Shape } from '../plots/figure';
import { textWidth } from '../plots/fonts';
import { colourAt } from '../plots/heat-map';
import { pixelsOf, sizeClass } from '../plots/size';
import { plain } from '../plots/text';

/** One grid of numbers: rows from top to bottom. */
export interface Panel {
  readonly title: string;
  readonly values: readonly (readonly number[])[];
}

export interface PanelOptions {
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** What rows and columns are. */
  readonly axes: readonly [rows: string, columns: string];
  /** Pixels, or a length on paper: grids then stand one below the other where they do not fit side by side. */
  readonly width?: number | string;
}

/** Where the grids stand, in pixels from the first one's corner. */
interface Places {
  readonly cell: { readonly width: number; readonly height: number };
  readonly at: (p: number) => { readonly x: number; readonly y: number };
  readonly total: { readonly width: number; readonly height: number };
  readonly perRow: number;
}

type Corner = ReturnType<Places['at']>;

const gap = 34;
const side = 26;

function placesOf(count: number, { rows, columns }: PanelOptions, room: number | undefined, size: number): Places {
  const least = 2.9 * size; // of a number such as -0.25
  const fits = (per: number): boolean => (room ?? Infinity) >= per * (columns.length * least + gap) - gap;
  const perRow = Array.from({ length: count }, (_, i) => count - i).find(fits) ?? 1;
  const width = room === undefined ? 38 : ((room + gap) / perRow - gap) / columns.length;
  const cell = { width, height: room === undefined ? 27 : 2.3 * size };
  const [across, down] = [columns.length * cell.width, rows.length * cell.height];
  return {
    cell,
    at: (p) => ({ x: (p % perRow) * (across + gap), y: Math.floor(p / perRow) * (down + gap) }),
    total: { width: perRow * (across + gap) - gap, height: Math.ceil(count / perRow) * (down + gap) - gap },
    perRow,
  };
}

/**
 * Grids over the same rows and columns, each on a colour scale of its own: what matters is the pattern and the numbers.
 */
export function panels(list: readonly Panel[], options: PanelOptions): Figure {
  const { name, title, subtitle, rows, columns, axes } = options;
  const wanted = options.width === undefined ? undefined : pixelsOf(options.width);
  const sizes = sizeClass(wanted ?? 940);
  const named = 1.8 * sizes.label;
  const left = side + named + Math.max(...rows.map((row) => textWidth(row, { size: sizes.tick, weight: 400 })));
  const size = wanted === undefined ? 10.5 : sizes.label;
  const places = placesOf(list.length, options, wanted === undefined ? undefined : wanted - left - side, size);
  const { cell, at, total } = places;
  const frame = { name, title, subtitle, width: wanted ?? Math.ceil(left + total.width + side), height: 0 };
  const top = wanted === undefined ? 108 : headRoom(frame) + gap;
  const quiet = { showline: false, showgrid: false, ticks: '', fixedrange: true } as const;
  const firsts = list.slice(0, places.perRow).map((_, p) => at(p).x);
  const starts = list.flatMap((_, p) => (p % places.perRow === 0 ? [at(p).y] : []));
  const layout = {
    margin: { l: left, r: side, t: top, b: 42 + named },
    showlegend: false,
    xaxis: axis(plain(axes[1]), {
      range: [0, total.width],
      ...quiet,
      tickvals: firsts.flatMap((x) => columns.map((__, c) => x + (c + 0.5) * cell.width)),
      ticktext: firsts.flatMap(() => [...columns]),
    }),
    yaxis: axis(plain(axes[0]), {
      range: [total.height, 0],
      ...quiet,
      tickvals: starts.flatMap((y) => rows.map((__, r) => y + (r + 0.5) * cell.height)),
      ticktext: starts.flatMap(() => [...rows]),
    }),
    shapes: list.flatMap((panel, p) => squares(panel, at(p), cell)),
    annotations: list.flatMap((panel, p) => [
      {
        x: at(p).x + (columns.length * cell.width) / 2,
        yref: 'paper',
        y: 1 - at(p).y / total.height,
        yanchor: 'bottom',
        yshift: 4,
        text: panel.title,
        showarrow: false,
        font: { size: wanted === undefined ? 13 : sizes.text },
      } as Annotation,
      ...numbers(panel, at(p), { cell, size }),
    ]),
  };
  const lines = list.flatMap((panel) =>
    panel.values.flatMap((row, r) =>
      row.map((value, c) => ({ panel: panel.title, row: rows[r] ?? '', column: columns[c] ?? '', value })),
    ),
  );
  const height = Math.ceil(total.height + top + 42 + named);
  return figure({ ...frame, height }, { data: [] as Data[], layout, numbers: lines });
}

function squares({ values }: Panel, { x, y }: Corner, cell: Places['cell']): Partial<Shape>[] {
  const share = shareOf(values);
  return values.flatMap((row, r) =>
    row.map((value, c): Partial<Shape> => ({
      type: 'rect',
      xref: 'x',
      yref: 'y',
      x0: x + c * cell.width,
      x1: x + (c + 1) * cell.width,
      y0: y + r * cell.height,
      y1: y + (r + 1) * cell.height,
      fillcolor: colourAt(share(value)),
      layer: 'below',
      line: { color: '#ffffff', width: 1.5 },
    })),
  );
}

function numbers(
  { values }: Panel,
  { x, y }: Corner,
  { cell, size }: { readonly cell: Places['cell']; readonly size: number },
): Annotation[] {
  const share = shareOf(values);
  return values.flatMap((row, r) =>
    row.map(
      (value, c) =>
        ({
          x: x + (c + 0.5) * cell.width,
          y: y + (r + 0.5) * cell.height,
          text: value.toFixed(2).replace('-', '−'),
          showarrow: false,
          font: { size, color: share(value) > 0.55 ? '#1f2933' : '#ffffff' },
        }) as Annotation,
    ),
  );
}

function shareOf(values: readonly (readonly number[])[]): (value: number) => number {
  const all = values.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return (value) => (value - low) / (high - low || 1);
}
