import { shapeNamed } from '../experiments/store/counts';
import { backbone } from '../model/shapes';
import { count } from '../petl/counts/count';
import { familyOf, parseMethod } from '../petl/design/written';
import { figure, lineMargin } from '../plots/figure';
import type { Annotation, Data, Figure } from '../plots/figure';
import { lineColours, lineEnds } from '../plots/lines';
import { logAxis, logRange } from '../plots/scale';
import { fewerTicks } from '../plots/score-plan';
import { pixelsOf, sizeClass } from '../plots/size';
import type { PublishedCount } from './published-counts';

/** A line of the figure: a written form without its size, and what it counts. */
export interface Family {
  readonly label: string;
  readonly form: string;
  readonly counts?: 'paper' | 'trained';
}

export interface CountFigureOptions {
  readonly name: string;
  readonly title: string;
  readonly sizes: readonly number[];
  readonly published?: readonly PublishedCount[];
  /** Pixels, or a length on paper: `84mm` and `174mm` are one and two columns. */
  readonly width?: number | string;
}

/** Parameters in % of a model (log) against size r or l (log), one line for each family; printed shares hollow. */
export function countFigure(model: string, families: readonly Family[], options: CountFigureOptions): Figure {
  const { name, title, published = [] } = options;
  const lines = families.map((family) => ({
    ...family,
    points: options.sizes.map((size) => ({ size, share: shareAt(family, model, size) })),
  }));
  const hollow = printedAt(model, families, published);
  const width = pixelsOf(options.width ?? 860);
  const sizes = sizeClass(width);
  const frame = {
    name,
    title,
    subtitle: `${model}, ${backbone(shapeNamed(model)).toLocaleString('en')} parameters; hollow: as printed`,
    width,
    height: sizes.keysBelow ? Math.round(0.85 * width) : 540,
  };
  const margin = lineMargin(frame);
  const colour = lineColours(lines.map(({ label }) => label));
  const logs = [
    ...lines.flatMap(({ points }) => points.map(({ share }) => share)),
    ...hollow.map(({ share }) => share),
  ].map(Math.log10);
  const ends = lineEnds(
    lines.map(({ label, points }) => ({ label, y: Math.log10(points[points.length - 1]?.share ?? 1) })),
    { values: logs, height: frame.height - margin.t - margin.b, colour, sizes, most: 0.34 * width },
  );
  const layout = {
    margin: { ...margin, l: margin.l + 8, r: ends.room },
    showlegend: false,
    annotations: ends.annotations as Annotation[],
    xaxis: fewerTicks(
      logAxis('size: bottleneck r or prefix length l (log)', logRange(options.sizes, 0.03)),
      width - margin.l - ends.room,
      sizes,
    ),
    yaxis: { ...logAxis(`parameters, % of ${model} (log)`, { from: ends.range[0], to: ends.range[1] }, '%') },
  };
  const numbers = [
    ...lines.flatMap(({ label, points }) => points.map((point) => ({ line: label, ...point, origin: 'formula' }))),
    ...hollow.map((mark) => ({ ...mark, origin: mark.source })),
  ];
  return figure(frame, {
    data: [
      ...lines.map((line) => trace(line, colour)),
      ...hollow.map((mark) => hollowMark(mark, colour.get(mark.line) ?? '#000000')),
    ],
    layout,
    numbers: numbers.map(({ line, size, share, origin }) => ({ line, size, share, origin })),
  });
}

function shareAt({ form, counts = 'paper' }: Family, model: string, size: number): number {
  const shape = shapeNamed(model);
  const key = familyOf(form).size ?? 'r';
  return (
    (100 * count(parseMethod(`${form}${form.includes(':') ? ',' : ':'}${key}=${size}`), shape)[counts]) /
    backbone(shape)
  );
}

interface Mark {
  readonly line: string;
  readonly size: number;
  readonly share: number;
  readonly source: string;
}

/** Printed shares of the figure's families, at their sizes; a line that counts what is trained has none. */
function printedAt(model: string, families: readonly Family[], published: readonly PublishedCount[]): readonly Mark[] {
  return published
    .filter(({ backbone: of }) => of === model)
    .flatMap(({ method, printed, source }) => {
      const [, family, size] = /^([\w-]+):[rlm]=(\d+)(?:,(?:s|mlp)=[\w.]+)*$/.exec(method) ?? [];
      const line = families.find(
        ({ form, counts = 'paper' }) => counts === 'paper' && form.replace(/:.*/, '') === family,
      );
      return line === undefined ? [] : [{ line: line.label, size: Number(size), share: printed, source }];
    });
}

function trace(
  {
    label,
    points,
    counts = 'paper',
  }: Family & { readonly points: readonly { readonly size: number; readonly share: number }[] },
  colour: ReadonlyMap<string, string>,
): Data {
  return {
    type: 'scatter',
    mode: 'lines',
    name: label,
    x: points.map(({ size }) => size),
    y: points.map(({ share }) => share),
    hoverinfo: 'text',
    text: points.map(({ size, share }) => `<b>${label}</b><br>${size}: ${share.toPrecision(3)}%`),
    line: { color: colour.get(label) ?? '#000000', width: 2, dash: counts === 'paper' ? 'solid' : 'dash' },
  } as Data;
}

function hollowMark({ line, size, share, source }: Mark, color: string): Data {
  return {
    type: 'scatter',
    mode: 'markers',
    x: [size],
    y: [share],
    hoverinfo: 'text',
    text: [`<b>${line} ${size}</b><br>printed ${share}%<br>${source}`],
    marker: { symbol: 'circle-open', size: 11, color, line: { width: 1.8, color } },
  } as Data;
}
