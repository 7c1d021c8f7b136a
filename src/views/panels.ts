import { axis, figure } from '../plots/figure';
import type { Annotation, Data, Figure, Shape } from '../plots/figure';
import { textWidth } from '../plots/fonts';
import { colourAt } from '../plots/heat-map';

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
}

const cell = { width: 38, height: 27 };
const gap = 34;

/**
 * Grids side by side over the same rows and columns, each on a colour scale of its own: what matters is the pattern and
 * the numbers.
 */
export function panels(list: readonly Panel[], { name, title, subtitle, rows, columns }: PanelOptions): Figure {
  const left = 26 + Math.max(...rows.map((row) => textWidth(row, { size: 12, weight: 400 })));
  const width = columns.length * cell.width;
  const at = (p: number): number => p * (width + gap);
  const total = at(list.length) - gap;
  const height = rows.length * cell.height;
  const layout = {
    margin: { l: left, r: 26, t: 108, b: 42 },
    showlegend: false,
    xaxis: axis('', {
      range: [0, total],
      showline: false,
      showgrid: false,
      ticks: '',
      fixedrange: true,
      tickvals: list.flatMap((_, p) => columns.map((__, c) => at(p) + (c + 0.5) * cell.width)),
      ticktext: list.flatMap(() => [...columns]),
    }),
    yaxis: axis('', {
      range: [height, 0],
      showline: false,
      showgrid: false,
      ticks: '',
      fixedrange: true,
      tickvals: rows.map((_, r) => (r + 0.5) * cell.height),
      ticktext: [...rows],
    }),
    shapes: list.flatMap((panel, p) => squares(panel, at(p))),
    annotations: list.flatMap((panel, p) => [
      {
        x: at(p) + width / 2,
        yref: 'paper',
        y: 1,
        yanchor: 'bottom',
        yshift: 4,
        text: panel.title,
        showarrow: false,
        font: { size: 13 },
      } as Annotation,
      ...numbers(panel, at(p)),
    ]),
  };
  const frame = { name, title, subtitle, width: Math.ceil(left + total + 26), height: Math.ceil(height + 150) };
  const lines = list.flatMap((panel) =>
    panel.values.flatMap((row, r) =>
      row.map((value, c) => ({ panel: panel.title, row: rows[r] ?? '', column: columns[c] ?? '', value })),
    ),
  );
  return figure(frame, { data: [] as Data[], layout, numbers: lines });
}

function squares({ values }: Panel, left: number): Partial<Shape>[] {
  const share = shareOf(values);
  return values.flatMap((row, r) =>
    row.map((value, c): Partial<Shape> => ({
      type: 'rect',
      xref: 'x',
      yref: 'y',
      x0: left + c * cell.width,
      x1: left + (c + 1) * cell.width,
      y0: r * cell.height,
      y1: (r + 1) * cell.height,
      fillcolor: colourAt(share(value)),
      layer: 'below',
      line: { color: '#ffffff', width: 1.5 },
    })),
  );
}

function numbers({ values }: Panel, left: number): Annotation[] {
  const share = shareOf(values);
  return values.flatMap((row, r) =>
    row.map(
      (value, c) =>
        ({
          x: left + (c + 0.5) * cell.width,
          y: (r + 0.5) * cell.height,
          text: value.toFixed(2).replace('-', '−'),
          showarrow: false,
          font: { size: 10.5, color: share(value) > 0.55 ? '#1f2933' : '#ffffff' },
        }) as Annotation,
    ),
  );
}

function shareOf(values: readonly (readonly number[])[]): (value: number) => number {
  const all = values.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return (value) => (value - low) / (high - low || 1);
}
