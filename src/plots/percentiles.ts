import { axis, figure, lineMargin } from './figure';
import type { Annotation, Axis, Data, Figure } from './figure';
import { lineColours, lineEnds } from './lines';
import { pixelsOf, sizeClass } from './size';
import { plain } from './text';
import { quantileOf } from './quantile';

/** What a line shows at one place: a value for each task, or for each seed. */
export interface SpreadPoint {
  readonly line: string;
  readonly x: number;
  readonly values: readonly number[];
}

export interface SpreadOptions {
  readonly name: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly x: string;
  readonly y: string;
  /** Whether x is drawn in logarithms. */
  readonly log?: boolean;
  readonly width?: number | string;
}

/** Each line at the median of its values, with a band from the 20th to the 80th percentile. */
export function percentileBands(points: readonly SpreadPoint[], options: SpreadOptions): Figure {
  const width = pixelsOf(options.width ?? 760);
  const sizes = sizeClass(width);
  const { name, title, subtitle = '' } = options;
  const frame = { name, title, subtitle, width, height: sizes.keysBelow ? Math.round(0.75 * width) : 420 };
  const margin = lineMargin(frame);
  const lines = [...new Set(points.map(({ line }) => line))];
  const colour = lineColours(lines);
  const drawn = points
    .filter(({ values }) => values.length > 0)
    .map(({ line, x, values }) => ({
      line,
      x,
      low: quantileOf(values, 0.2),
      middle: quantileOf(values, 0.5),
      high: quantileOf(values, 0.8),
      count: values.length,
    }))
    .sort((a, b) => a.x - b.x);
  const ends = lines.flatMap((label) => {
    const last = drawn.filter(({ line }) => line === label).pop();
    return last === undefined ? [] : [{ label, y: last.middle }];
  });
  const labels = lineEnds(ends, {
    values: drawn.flatMap(({ low, high }) => [low, high]),
    height: frame.height - margin.t - margin.b,
    colour,
    sizes,
    most: 0.34 * width,
  });
  const layout = {
    margin: { ...margin, r: labels.room },
    xaxis: axis(options.x, options.log === true ? { type: 'log', ...powersOf(drawn) } : {}),
    yaxis: axis(options.y, { tickformat: '~g', range: labels.range }),
    annotations: labels.annotations as Annotation[],
    showlegend: false,
  };
  return figure(frame, { data: lines.flatMap((label) => bandOf(label, drawn, colour)), layout, numbers: drawn });
}

/**
 * Counts read well as 100k; of a learning rate 100μ is how nobody writes it. Plotly writes it wherever it marks places
 * between powers, so that powers alone are marked where there is one.
 */
function powersOf(drawn: readonly Drawn[]): Partial<Axis> {
  const places = drawn.map(({ x }) => x);
  if (places.every((x) => x >= 1)) return {};
  return { exponentformat: 'e', ...(Math.max(...places) >= 10 * Math.min(...places) && { dtick: 1 }) };
}

interface Drawn {
  readonly line: string;
  readonly x: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  readonly count: number;
}

function bandOf(label: string, drawn: readonly Drawn[], colour: ReadonlyMap<string, string>): readonly Data[] {
  const own = drawn.filter(({ line }) => line === label);
  const shade = colour.get(label) ?? '#000000';
  const band = {
    type: 'scatter',
    mode: 'lines',
    x: [...own.map(({ x }) => x), ...own.map(({ x }) => x).reverse()],
    y: [...own.map(({ high }) => high), ...own.map(({ low }) => low).reverse()],
    fill: 'toself',
    fillcolor: `${shade}26`,
    line: { width: 0 },
    hoverinfo: 'skip',
  } as Data;
  const middle = {
    type: 'scatter',
    mode: 'lines+markers',
    name: plain(label),
    x: own.map(({ x }) => x),
    y: own.map(({ middle: y }) => y),
    line: { color: shade, width: 2 },
    marker: { size: 6 },
    hovertemplate: `${plain(label)}<br>%{x}: %{y:.3f}<extra></extra>`,
  } as Data;
  return [band, middle];
}
