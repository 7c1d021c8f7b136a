import { figure, headRoom, softInk } from './figure';
import type { Annotation, Data, Figure, Frame } from './figure';
import { numbersOf, oneTask, publishedPoint, seedsText, type PublishedScore } from './parameter-score';
import { formatOf } from './scale';
import type { Area } from './scale';
import { keysOf } from './keys';
import type { Point } from './score-marks';
import { isMarked, planAnnotations, planAxes, planData, pointOf, scorePlan, scoreTitle } from './score-plan';
import { pixelsOf, sizeClass } from './size';
import { summarise } from './summary';
import type { RunRow } from './summary';
import { plain } from './text';

export interface BesideOptions {
  readonly name: string;
  readonly title: string;
  /** Above the published panel: `Table 12, XSum, ROUGE-2`. */
  readonly printed: string;
  /** Above ours; the task and the seeds where left out. */
  readonly ours?: string;
  readonly metric?: string;
  /** Joins the sizes of one family. */
  readonly connect?: boolean;
  /** Pixels, or a length on paper: `84mm` and `174mm` are one and two columns. */
  readonly width?: number | string;
  readonly height?: number;
}

/**
 * What a paper prints, hollow, on the left; our runs of the same comparison, filled, on the right: each with its own
 * scores, since model,
 * data and metric differ, and with shares as the paper counts them (no biases, no MLP behind a prefix). Without runs
 * the right says so.
 */
export function besidePublished(
  rows: readonly RunRow[],
  published: readonly PublishedScore[],
  options: BesideOptions,
): Figure {
  const { connect = false } = options;
  const width = pixelsOf(options.width ?? 1180);
  const frame = {
    name: options.name,
    title: options.title,
    subtitle: 'hollow: as published; filled: this project. Scores of the two are not to be compared, orders are',
    width,
    height: 0,
  };
  const sizes = sizeClass(width);
  const theirs = published.map(publishedPoint);
  const mine = ours(rows);
  const keys = keysOf([...theirs, ...mine].filter(isMarked), width, sizes);
  const places = sizes.keysBelow
    ? stacked(frame, keys.height)
    : sideBySide(frame, options.height ?? Math.max(540, headRoom(frame) + 92 + keys.tall));
  const metric = rows.length > 0 ? oneTask(rows).metric : (options.metric ?? 'nll');
  const first = scorePlan(theirs, {
    area: places.first,
    metric: 'published',
    axes: 1,
    format: 'number',
    connect,
    sizes,
  });
  const second = scorePlan(mine, { area: places.second, metric, axes: 2, format: formatOf(metric), connect, sizes });
  const axes = { first: planAxes(first, 'as printed', 'paper'), second: planAxes(second, scoreTitle(metric), 'paper') };
  const heads = [
    options.printed,
    options.ours ?? (rows.length > 0 ? `ours: ${oneTask(rows).task}, ${seedsText(mine)}` : 'ours'),
  ] as const;
  const layout = {
    margin: places.margin,
    ...keys.layout(places.height, places.margin),
    xaxis: { ...axes.first.xaxis, domain: places.domains.x[0], anchor: 'y' as const },
    yaxis: { ...axes.first.yaxis, domain: places.domains.y[0] },
    xaxis2: { ...axes.second.xaxis, domain: places.domains.x[1], anchor: 'y2' as const },
    yaxis2: { ...axes.second.yaxis, domain: places.domains.y[1], anchor: 'x2' as const },
    annotations: [
      ...planAnnotations(first),
      ...planAnnotations(second),
      heading(heads[0], 'x domain', 'y domain', sizes.text),
      heading(heads[1], 'x2 domain', 'y2 domain', sizes.text),
      ...(rows.length > 0 ? [] : [notRun]),
    ],
  };
  return figure(
    { ...frame, height: places.height },
    {
      data: [...planData(first), ...planData(second), ...keys.data, ...blank],
      layout: layout as Figure['layout'],
      numbers: [...numbersOf(theirs, first), ...numbersOf(mine, second)],
    },
  );
}

/** Where the two panels stand. */
interface Places {
  readonly first: Area;
  readonly second: Area;
  readonly height: number;
  readonly margin: { readonly l: number; readonly r: number; readonly t: number; readonly b: number };
  readonly domains: Readonly<Record<'x' | 'y', readonly [[number, number], [number, number]]>>;
}

function sideBySide(frame: Frame, height: number): Places {
  const { width } = frame;
  const [left, between, right, bottom] = [62, 76, 186, 62];
  const top = headRoom(frame) + 30;
  const [inner, panel] = [width - left - right, (width - left - between - right) / 2];
  const area = (x: number): Area => ({ left: x, top, width: panel, height: height - top - bottom });
  const x = [span(0, panel / inner), span(1 - panel / inner, 1)] as const;
  return {
    first: area(left),
    second: area(left + panel + between),
    height,
    margin: { l: left, r: right, t: top, b: bottom },
    domains: { x, y: [span(0, 1), span(0, 1)] },
  };
}

/** One below the other, for a figure of one column. */
function stacked(frame: Frame, keys: number): Places {
  const { tick, text } = sizeClass(frame.width);
  const [left, right, bottom] = [5.2 * tick, 8, 4.2 * tick];
  const top = headRoom(frame) + 1.8 * text;
  const [panel, between] = [0.66 * frame.width, bottom + 2.6 * text];
  const inner = 2 * panel + between;
  const area = (y: number): Area => ({ left, top: y, width: frame.width - left - right, height: panel });
  return {
    first: area(top),
    second: area(top + panel + between),
    height: Math.ceil(top + inner + bottom + keys),
    margin: { l: left, r: right, t: top, b: bottom + keys },
    domains: { x: [span(0, 1), span(0, 1)], y: [span(1 - panel / inner, 1), span(0, panel / inner)] },
  };
}

const span = (from: number, to: number): [number, number] => [from, to];

/** Our points at the share that the paper would print. */
function ours(rows: readonly RunRow[]): readonly Point[] {
  return summarise(rows).map((summary) => pointOf(summary, 'paper'));
}

/** An axis without a trace is not drawn. */
const blank: readonly Data[] = [
  {
    type: 'scatter',
    mode: 'markers',
    x: [null],
    y: [null],
    xaxis: 'x2',
    yaxis: 'y2',
    showlegend: false,
    hoverinfo: 'skip',
  } as Data,
];

function heading(text: string, xref: string, yref: string, size: number): Partial<Annotation> {
  return {
    text: plain(text),
    xref,
    yref,
    x: 0,
    y: 1,
    xanchor: 'left',
    yanchor: 'bottom',
    yshift: 6,
    showarrow: false,
    font: { size, color: softInk },
  } as Partial<Annotation>;
}

const notRun = {
  text: 'not run yet',
  xref: 'x2 domain',
  yref: 'y2 domain',
  x: 0.5,
  y: 0.5,
  showarrow: false,
  font: { size: 17, color: softInk },
} as Partial<Annotation>;
