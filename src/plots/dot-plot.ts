import { mean } from '../numbers';
import { orientation } from '../rows';
import { studentQuantile } from '../student';
import { axis, figure, headRoom, softInk } from './figure';
import type { Annotation, Cell, Data, Figure, Frame } from './figure';
import { textWidth } from './fonts';
import { keysOf } from './keys';
import { formatOf, scoreAxis, scoreRange } from './scale';
import { hover, looksOf, ringMarks, seedHover, sizeOf, symbolOf, type Point } from './score-marks';
import { isMarked, scoreTitle } from './score-plan';
import { sizeClass, type SizeClass } from './size';
import { plain, wrapped } from './text';

/** Whether the methods are so many at one size that their places on the axis of parameters say nothing. */
export function isDotPlot(points: readonly Point[]): boolean {
  const shares = points.filter(isMarked).map(({ x }) => x);
  return (
    shares.length >= 4 && points.every(({ source }) => source === '') && Math.max(...shares) < 1.3 * Math.min(...shares)
  );
}

interface Line {
  readonly point: Point;
  /** Half of the 95% interval of the mean over seeds (Student); 0 where there is one seed. */
  readonly half: number;
}

/** Methods of one size, the best on top: mean of each with its 95% interval over seeds, and each seed as a faint dot. */
export function dotPlot(
  points: readonly Point[],
  { frame, metric }: { readonly frame: Frame; readonly metric: string },
): Figure {
  const sizes = sizeClass(frame.width);
  const lines = points
    .map((point): Line => ({ point, half: halfOf(point) }))
    .sort((a, b) => orientation(metric) * (b.point.mean - a.point.mean));
  const style = { size: sizes.label, weight: 400 };
  const names = lines.map(({ point }) => wrapped(point.label, 0.36 * frame.width, style));
  const left = Math.ceil(16 + Math.max(...names.flat().map((name) => textWidth(name, style))));
  const row = Math.ceil(Math.max(...names.map((name) => name.length)) * 1.25 * sizes.label + 9);
  const marked = points.filter(isMarked);
  const keys = keysOf(marked, frame.width, sizes);
  const bottom = sizes.keysBelow ? 4.2 * sizes.tick : 62;
  const top = headRoom(frame);
  const height = Math.ceil(top + Math.max(row * lines.length, keys.tall) + bottom + keys.height);
  const margin = { l: left, r: sizes.keysBelow ? 12 : 196, t: top, b: bottom + keys.height };
  const spread = lines.flatMap(({ point, half }) => [point.mean - half, point.mean + half, ...point.scores]);
  const layout = {
    margin,
    xaxis: axis(scoreTitle(metric).replace(/;.*/, ''), {
      ...scoreAxis(scoreRange(spread, formatOf(metric), 0.06), formatOf(metric)),
      nticks: sizes.keysBelow ? 5 : 8,
    }),
    yaxis: axis('', {
      range: [lines.length - 0.5, -0.5],
      tickvals: [...lines.keys()],
      ticktext: names.map((name) => name.map(plain).join('<br>')),
      ticks: '',
      fixedrange: true,
      ticklabelstandoff: 5,
    }),
    annotations: [] as Annotation[],
    ...keys.layout(height, margin),
  };
  return figure(
    { ...frame, height, subtitle: frame.subtitle },
    {
      data: [
        ...seeds(lines, { sizes, metric }),
        ...dots(lines, { sizes, metric }),
        ...ringMarks(onLines(lines), sizes.marks),
        ...keys.data,
      ],
      layout: layout as Figure['layout'],
      numbers: numbersOf(lines),
    },
  );
}

/** The marked points where their lines have them: the score across, the line down. */
function onLines(lines: readonly Line[]): readonly Point[] {
  return lines
    .map(({ point }, y) => ({ ...point, x: point.mean, mean: y }))
    .filter((_, y) => isMarked((lines[y] as Line).point));
}

function halfOf({ scores, sd }: Point): number {
  const n = scores.length;
  return n < 2 ? 0 : (studentQuantile(0.975, n - 1) * sd) / Math.sqrt(n);
}

interface Look {
  readonly sizes: SizeClass;
  readonly metric: string;
}

function dots(lines: readonly Line[], { sizes, metric }: Look): Data[] {
  const looks = looksOf(lines.map(({ point }) => point).filter(isMarked));
  return lines.map(({ point, half }, y): Data => {
    const color = isMarked(point) ? (looks.colour.get(point.site) ?? '#000000') : softInk;
    return {
      type: 'scatter',
      mode: 'markers',
      ...groupOf(point),
      showlegend: false,
      x: [point.mean],
      y: [y],
      text: [hover(point, formatOf(metric))],
      hoverinfo: 'text',
      marker: {
        symbol: isMarked(point) ? symbolOf(point, looks) : 'line-ns-open',
        size: sizes.marks * (isMarked(point) ? sizeOf(point.form) : 16),
        color,
        line: { color: isMarked(point) ? '#ffffff' : color, width: isMarked(point) ? 1 : 2 },
      },
      ...(half > 0 ? { error_x: { type: 'data', array: [half], color, thickness: 1.4, width: 3 } } : {}),
    } as Data;
  });
}

function seeds(lines: readonly Line[], { sizes, metric }: Look): Data[] {
  const marker = { symbol: 'circle', size: 4.5 * sizes.marks, color: softInk, opacity: 0.35 };
  return lines.flatMap(({ point }, y) =>
    point.seeds < 2
      ? []
      : [
          {
            type: 'scatter',
            mode: 'markers',
            ...groupOf(point),
            showlegend: false,
            x: [...point.scores],
            y: point.scores.map(() => y),
            text: point.scores.map((_, i) => seedHover(point, i, formatOf(metric))),
            hoverinfo: 'text',
            marker,
          } as Data,
        ],
  );
}

/** What a click on a site's key sets apart. */
function groupOf(point: Point): { readonly legendgroup?: string } {
  return isMarked(point) ? { legendgroup: `site ${point.site}` } : {};
}

function numbersOf(lines: readonly Line[]): Record<string, Cell>[] {
  return lines.map(({ point, half }) => ({
    label: point.label,
    form: point.form,
    site: point.site,
    trained: point.trained,
    sharePercent: point.share,
    mean: mean(point.scores),
    sd: point.sd,
    low: point.mean - half,
    high: point.mean + half,
    seeds: point.seeds,
  }));
}
