import { figure, softInk } from './figure';
import type { Annotation, Data, Figure } from './figure';
import { legendLayout, numbersOf, oneTask, publishedPoint, seedsText, type PublishedScore } from './parameter-score';
import { formatOf } from './scale';
import type { Area } from './scale';
import { legend } from './score-marks';
import type { Point } from './score-marks';
import { planAnnotations, planAxes, planData, scorePlan, scoreTitle } from './score-plan';
import { summarise } from './summary';
import type { RunRow } from './summary';

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
  readonly width?: number;
  readonly height?: number;
}

const top = 108;
const [left, between, right] = [62, 76, 186];

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
  const { width = 1180, height = 540, connect = false } = options;
  const panel = (width - left - between - right) / 2;
  const area = (x: number): Area => ({ left: x, top, width: panel, height: height - top - 62 });
  const theirs = published.map(publishedPoint);
  const mine = ours(rows);
  const metric = rows.length > 0 ? oneTask(rows).metric : (options.metric ?? 'nll');
  const first = scorePlan(theirs, { area: area(left), metric: 'published', axes: 1, format: 'number', connect });
  const second = scorePlan(mine, {
    area: area(left + panel + between),
    metric,
    axes: 2,
    format: formatOf(metric),
    connect,
  });
  const inner = width - left - right;
  const axes = { first: planAxes(first, 'as printed'), second: planAxes(second, scoreTitle(metric)) };
  const layout = {
    margin: { l: left, r: right, t: top, b: 62 },
    showlegend: true,
    legend: legendLayout,
    xaxis: { ...axes.first.xaxis, domain: span(0, panel / inner) },
    yaxis: axes.first.yaxis,
    xaxis2: { ...axes.second.xaxis, domain: span(1 - panel / inner, 1), anchor: 'y2' as const },
    yaxis2: { ...axes.second.yaxis, anchor: 'x2' as const },
    annotations: [
      ...planAnnotations(first),
      ...planAnnotations(second),
      heading(options.printed, 'x domain', 'y domain'),
      heading(
        options.ours ?? (rows.length > 0 ? `ours: ${oneTask(rows).task}, ${seedsText(mine)}` : 'ours'),
        'x2 domain',
        'y2 domain',
      ),
      ...(rows.length > 0 ? [] : [notRun]),
    ],
  };
  const frame = {
    name: options.name,
    title: options.title,
    subtitle: 'hollow: as published; filled: this project. Scores of the two are not to be compared, orders are',
    width,
    height,
  };
  const data = [
    ...planData(first),
    ...planData(second),
    ...legend([...theirs, ...mine].filter(({ x, form }) => x > 0 && form !== 'full fine-tuning')),
    ...blank,
  ];
  return figure(frame, {
    data,
    layout: layout as Figure['layout'],
    numbers: [...numbersOf(theirs, first), ...numbersOf(mine, second)],
  });
}

const span = (from: number, to: number): [number, number] => [from, to];

/** Our points at the share that the paper would print. */
function ours(rows: readonly RunRow[]): readonly Point[] {
  const papers = new Map(rows.map((row) => [row.label, (100 * row.paper) / row.backbone]));
  return summarise(rows).map((summary) => ({ ...summary, x: papers.get(summary.label) ?? summary.share, source: '' }));
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

function heading(text: string, xref: string, yref: string): Partial<Annotation> {
  return {
    text,
    xref,
    yref,
    x: 0,
    y: 1,
    xanchor: 'left',
    yanchor: 'bottom',
    yshift: 6,
    showarrow: false,
    font: { size: 13, color: softInk },
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
