import { axis, figure, headRoom, softInk } from './figure';
import type { Annotation, Data, Figure } from './figure';
import { textWidth } from './fonts';
import { linearRange } from './scale';
import { pixelsOf, sizeClass } from './size';
import { plain, wrapped } from './text';
import type { Comparison } from '../rows';

export interface GapsOptions {
  readonly name: string;
  readonly title: string;
  /** Pixels, or a length on paper; what names and intervals need where left out. */
  readonly width?: number | string;
}

const colours = { better: '#009e73', worse: '#d55e00', level: '#5b6570' } as const;
type Side = keyof typeof colours;

const rowHeight = 24;

/**
 * Every comparison with one method on one task as a mark with its 95% interval, the best on top; right of the line is
 * better.
 * @param comparisons of one task with one method, at least one; accuracy is drawn in points, all else in the metric's
 *   own unit
 */
export function gaps(comparisons: readonly Comparison[], { name, title, width: wanted }: GapsOptions): Figure {
  const first = comparisons[0];
  if (first === undefined) throw new Error(`figure ${name}: no comparison to draw. Train the runs of the study first`);
  const unit = first.metric === 'accuracy' ? 100 : 1;
  const sorted = [...comparisons].sort((a, b) => b.gap - a.gap);
  const free = 33 + Math.max(...sorted.map((comparison) => textWidth(comparison.first, { size: 12, weight: 400 })));
  const width = wanted === undefined ? Math.ceil(free + 560) : pixelsOf(wanted);
  const sizes = sizeClass(width);
  const style = { size: sizes.tick, weight: 400 };
  const names = sorted.map((comparison) => wrapped(comparison.first, sizes.keysBelow ? 0.4 * width : width, style));
  const left = (sizes.keysBelow ? 12 : 33) + Math.max(...names.flat().map((line) => textWidth(line, style)));
  const row = Math.max(rowHeight, ...names.map((lines) => Math.ceil(1.3 * sizes.tick * lines.length + 4)));
  const head = { name, title, subtitle: subtitleOf(first), width, height: 0 };
  const [top, bottom] = [headRoom(head) + 20, sizes.keysBelow ? 4.2 * sizes.tick : 62];
  const frame = { ...head, height: Math.ceil(top + bottom + row * sorted.length) };
  const { from, to } = linearRange([0, ...sorted.flatMap(({ interval: { low, high } }) => [unit * low, unit * high])]);
  const layout = {
    margin: { l: left, r: sizes.keysBelow ? 12 : 28, t: top, b: bottom },
    showlegend: false,
    xaxis: axis(unit === 100 ? 'better by, points of accuracy' : `better by, ${first.metric}`, {
      range: [from, to],
      zeroline: true,
      zerolinecolor: '#4b5563',
      zerolinewidth: 1.5,
    }),
    yaxis: axis('', {
      range: [sorted.length - 0.5, -0.5],
      tickvals: [...sorted.keys()],
      ticktext: names.map((lines) => lines.map(plain).join('<br>')),
      ticks: '',
      fixedrange: true,
      ticklabelstandoff: 5,
    }),
    annotations: [rival(first.second, sizes.label, -from / (to - from))],
  } as Figure['layout'];
  const data = (Object.keys(colours) as Side[]).flatMap((side) => marks(sorted, side, unit));
  return figure(frame, {
    data,
    layout,
    numbers: sorted.map(({ first: method, second, task, metric, gap, interval: { low, high }, seeds }) => ({
      method,
      against: second,
      task,
      metric,
      gap,
      low,
      high,
      seeds,
    })),
  });
}

/** The name of what all are compared with, above its line; to one side of it near an edge. @param at share of the axis */
function rival(name: string, size: number, at: number): Partial<Annotation> {
  return {
    text: plain(name),
    x: 0,
    xanchor: at > 0.85 ? 'right' : at < 0.15 ? 'left' : 'center',
    yref: 'paper',
    y: 1,
    yanchor: 'bottom',
    yshift: 2,
    showarrow: false,
    font: { size, color: softInk },
  };
}

function subtitleOf({ task, seeds, examples }: Comparison): string {
  return `${task}: ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, ${examples.toLocaleString('en')} test examples, 95% intervals, each by itself`;
}

function sideOf({ interval: { low, high } }: Comparison): Side {
  return low > 0 ? 'better' : high < 0 ? 'worse' : 'level';
}

function marks(sorted: readonly Comparison[], side: Side, unit: number): Data[] {
  const mine = [...sorted.entries()].filter(([, comparison]) => sideOf(comparison) === side);
  if (mine.length === 0) return [];
  return [
    {
      type: 'scatter',
      mode: 'markers',
      name: side,
      x: mine.map(([, { gap }]) => unit * gap),
      y: mine.map(([row]) => row),
      marker: { symbol: 'circle', size: 10, color: colours[side], line: { color: '#ffffff', width: 1 } },
      error_x: {
        type: 'data',
        symmetric: false,
        color: colours[side],
        thickness: 1.4,
        width: 3,
        array: mine.map(([, { gap, interval }]) => unit * (interval.high - gap)),
        arrayminus: mine.map(([, { gap, interval }]) => unit * (gap - interval.low)),
      },
      text: mine.map(
        ([
          ,
          {
            first,
            gap,
            interval: { low, high },
          },
        ]) => `<b>${plain(first)}</b><br>${[gap, low, high].map((value) => (unit * value).toPrecision(2)).join(', ')}`,
      ),
      hoverinfo: 'text',
    } as Data,
  ];
}
