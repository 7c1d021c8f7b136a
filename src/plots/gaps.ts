import { axis, figure, softInk } from './figure';
import type { Annotation, Data, Figure } from './figure';
import { textWidth } from './fonts';
import { linearRange } from './scale';
import type { Comparison } from '../rows';

export interface GapsOptions {
  readonly name: string;
  readonly title: string;
}

const colours = { better: '#009e73', worse: '#d55e00', level: '#5b6570' } as const;
type Side = keyof typeof colours;

const rowHeight = 24;
const [top, bottom] = [98, 62];

/**
 * Every comparison with one method on one task as a mark with its 95% interval, the best on top; right of the line is
 * better.
 * @param comparisons of one task with one method, at least one; accuracy is drawn in points, all else in the metric's
 *   own unit
 */
export function gaps(comparisons: readonly Comparison[], { name, title }: GapsOptions): Figure {
  const first = comparisons[0];
  if (first === undefined) throw new Error(`figure ${name}: no comparison to draw. Train the runs of the study first`);
  const unit = first.metric === 'accuracy' ? 100 : 1;
  const sorted = [...comparisons].sort((a, b) => b.gap - a.gap);
  const left = 33 + Math.max(...sorted.map((comparison) => textWidth(comparison.first, { size: 12, weight: 400 })));
  const frame = {
    name,
    title,
    subtitle: subtitleOf(first),
    width: Math.ceil(left + 560),
    height: top + bottom + rowHeight * sorted.length,
  };
  const { from, to } = linearRange([0, ...sorted.flatMap(({ interval: { low, high } }) => [unit * low, unit * high])]);
  const layout = {
    margin: { l: left, r: 28, t: top, b: bottom },
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
      ticktext: sorted.map((comparison) => comparison.first),
      ticks: '',
      fixedrange: true,
      ticklabelstandoff: 5,
    }),
    annotations: [
      {
        text: first.second,
        x: 0,
        yref: 'paper',
        y: 1,
        yanchor: 'bottom',
        yshift: 2,
        showarrow: false,
        font: { size: 12, color: softInk },
      } as Annotation,
    ],
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
        ]) => `<b>${first}</b><br>${[gap, low, high].map((value) => (unit * value).toPrecision(2)).join(', ')}`,
      ),
      hoverinfo: 'text',
    } as Data,
  ];
}
