import { axis, softInk } from './figure';
import type { Annotation, Axis, Data } from './figure';
import { textWidth } from './fonts';
import { placeLabels } from './labels';
import type { Rect } from './labels';
import { referenceLine } from './lines';
import { formatOf, logAxis, logRange, meanText, pixelX, pixelY, scoreAxis, scoreRange } from './scale';
import type { Area, Range, ScoreFormat } from './scale';
import { connections, joinedFamilies, marks, ringMarks, seedDots, shortNames } from './score-marks';
import type { Point } from './score-marks';
import type { SizeClass } from './size';
import type { SummaryRow } from './summary';
import { plain } from './text';
import { orientation, fullFineTuning, headOnly } from '../rows';

/** What has no place on the axis of parameters: everything trains, or nothing of the backbone. */
export interface ReferenceLine {
  readonly label: string;
  readonly mean: number;
  readonly sd: number;
  readonly seeds: number;
  readonly dash: 'solid' | 'dot';
}

/** One panel of parameters against score: what is drawn where, before it becomes Plotly's. */
export interface ScorePlan {
  readonly points: readonly Point[];
  readonly lines: readonly ReferenceLine[];
  readonly x: Range;
  readonly y: Range;
  readonly area: Area;
  readonly format: ScoreFormat;
  /** Number of its axes in the figure. */
  readonly axes: 1 | 2;
  /** Joins the points of one family by a line, and writes only sizes along it. */
  readonly connect: boolean;
  readonly sizes: SizeClass;
}

export interface PanelFrame {
  readonly area: Area;
  readonly metric: string;
  readonly axes: 1 | 2;
  readonly format?: ScoreFormat;
  readonly connect?: boolean;
  readonly sizes: SizeClass;
}

/** Whether a method has a place on the axis of parameters. */
export function isMarked({ form, x }: Point): boolean {
  return form !== fullFineTuning && form !== headOnly && x > 0;
}

/** @param rows points and lines; those without a share, and full fine-tuning, become lines */
export function scorePlan(
  rows: readonly Point[],
  { area, metric, axes, format = formatOf(metric), connect = true, sizes }: PanelFrame,
): ScorePlan {
  const points = rows.filter(isMarked);
  const lines = rows
    .filter((row) => !isMarked(row))
    .map(({ label, form, mean, sd, seeds }): ReferenceLine => ({
      label,
      mean,
      sd,
      seeds,
      dash: form === fullFineTuning ? 'solid' : 'dot',
    }));
  const spread = rows.flatMap(({ mean, sd, scores }) => [mean - sd, mean + sd, ...scores]);
  const range = scoreRange(spread.length > 0 ? spread : [0, 1], format, 0.1);
  // Up is better, also where a lower score is.
  const y = orientation(metric) === 1 ? range : { from: range.to, to: range.from };
  const shares = points.length > 0 ? points.map((point) => point.x) : [0.1, 10];
  return { points, lines, x: withRoomForNames(logRange(shares, 0.1)), y, area, format, axes, connect, sizes };
}

/** Names stand to the right of most points, also of the last one. */
function withRoomForNames({ from, to }: Range): Range {
  return { from, to: to + 0.1 * (to - from) };
}

/** Which count places a method: elements with gradient, those in its saved file, or as its paper counts. */
export const countings = ['trained', 'stored', 'paper'] as const;
export type Counted = (typeof countings)[number];

function shareTitle(counted: Counted): string {
  const words = { trained: 'trained parameters', stored: 'stored parameters', paper: 'parameters as the paper counts' };
  return `${words[counted]}, % of the backbone (log)`;
}

export function pointOf(summary: SummaryRow, counted: Counted = 'trained'): Point {
  const x = counted === 'trained' ? summary.share : (100 * summary[counted]) / summary.backbone;
  return { ...summary, x, source: '' };
}

/** Marks, spreads and lines. */
export function planData(plan: ScorePlan): Data[] {
  const { points, lines, x, format, axes, connect, sizes } = plan;
  const joined = connect ? connections(points) : [];
  const data = [
    ...lines.flatMap((line) => referenceLine(line, x, line.dash)),
    ...joined,
    ...seedDots(points, format, sizes.marks),
    ...marks(points, format, sizes.marks),
    ...ringMarks(points, sizes.marks),
  ];
  return axes === 1 ? data : data.map((trace) => ({ ...trace, xaxis: `x${axes}`, yaxis: `y${axes}` }) as Data);
}

/** Without marks there is nothing to read off: axes without numbers. */
export function planAxes(
  { x, y, format, area, points, lines, sizes }: ScorePlan,
  title: string,
  counted: Counted = 'trained',
): { readonly xaxis: Axis; readonly yaxis: Axis } {
  const hidden = points.length + lines.length === 0 ? { showticklabels: false } : {};
  const xaxis = fewerTicks(logAxis(shareTitle(counted), x, '%'), area.width, sizes);
  return { xaxis: { ...xaxis, ...hidden }, yaxis: { ...axis(title, scoreAxis(y, format)), ...hidden } };
}

/** Powers of ten alone where their parts would not fit side by side. */
export function fewerTicks(axis: Axis, width: number, { tick }: SizeClass): Axis {
  const values = axis.tickvals as readonly number[];
  if (values.length * 4.3 * tick <= width) return axis;
  const kept = [...values.keys()].filter((i) => Number.isInteger(Number(Math.log10(values[i] ?? 0).toFixed(9))));
  return {
    ...axis,
    tickvals: kept.map((i) => values[i] ?? 0),
    ticktext: kept.map((i) => (axis.ticktext as readonly string[])[i] ?? ''),
  };
}

/** `test accuracy, %`: metric and unit; says where the axis is turned round. */
export function scoreTitle(metric: string): string {
  const name =
    metric === 'nll' ? 'target nll per token, nats' : formatOf(metric) === 'percent' ? `${metric}, %` : metric;
  return orientation(metric) === 1 ? `test ${name}` : `test ${name}; axis turned: up is better`;
}

export function planAnnotations(plan: ScorePlan): Partial<Annotation>[] {
  return [...plan.lines.map((line) => lineLabel(line, plan)), ...pointLabels(plan)];
}

function lineText(line: ReferenceLine, format: ScoreFormat): string {
  return `${line.label} ${meanText(line, format)}`;
}

function references({ axes }: ScorePlan): { readonly x: string; readonly y: string } {
  return axes === 1 ? { x: 'x', y: 'y' } : { x: `x${axes}`, y: `y${axes}` };
}

/** The name of a line stands on it; below it where another line is so near above that its name would be there. */
function isBelow(line: ReferenceLine, { lines, y, area, sizes }: ScorePlan): boolean {
  const at = (of: ReferenceLine): number => pixelY(of.mean, y, area);
  return lines.some((other, i) => {
    const gap = at(line) - at(other);
    return other !== line && gap < 1.5 * sizes.label && (gap > 0 || (gap === 0 && i < lines.indexOf(line)));
  });
}

function lineLabel(line: ReferenceLine, plan: ScorePlan): Partial<Annotation> {
  const ref = references(plan);
  return {
    text: plain(lineText(line, plan.format)),
    xref: `${ref.x} domain`,
    x: 0,
    xanchor: 'left',
    xshift: 4,
    yref: ref.y,
    y: line.mean,
    yanchor: isBelow(line, plan) ? 'top' : 'bottom',
    showarrow: false,
    font: { size: plan.sizes.label, color: softInk },
  } as Partial<Annotation>;
}

function pointLabels(plan: ScorePlan): Partial<Annotation>[] {
  const {
    area,
    sizes: { label: labelSize, marks: scale },
  } = plan;
  const ref = references(plan);
  const names = plan.connect ? shortNames(plan.points) : undefined;
  const nameOf = (point: Point): string => names?.get(point) ?? point.label;
  const spots = plan.points.map((point) => ({
    x: pixelX(Math.log10(point.x), plan.x, area),
    y: pixelY(point.mean, plan.y, area),
    width: textWidth(nameOf(point), { size: labelSize, weight: 400 }) + 6,
    height: labelSize * 1.25,
  }));
  const bounds = {
    left: area.left + 3,
    top: area.top + 2,
    right: area.left + area.width - 2,
    bottom: area.top + area.height - 3,
  };
  const places = placeLabels(spots, { bounds, obstacles: obstaclesOf(plan) });
  return plan.points.map(
    (point, i) =>
      ({
        text: plain(nameOf(point)),
        xref: ref.x,
        yref: ref.y,
        x: Math.log10(point.x),
        y: point.mean,
        ax: places[i]?.dx ?? 0,
        ay: places[i]?.dy ?? 0,
        xanchor: places[i]?.anchor ?? 'center',
        showarrow: true,
        arrowhead: 0,
        arrowwidth: 0.8,
        arrowcolor: places[i]?.far ? '#9aa5b1' : 'rgba(0,0,0,0)',
        standoff: 7 * scale,
        font: { size: labelSize },
        borderpad: 1,
      }) as Partial<Annotation>,
  );
}

/** Spreads, reference lines and their labels. */
function obstaclesOf(plan: ScorePlan): Rect[] {
  const { area, points, lines, format, sizes } = plan;
  const spreads = points
    .filter((point) => point.sd > 0)
    .map((point) => {
      const x = pixelX(Math.log10(point.x), plan.x, area);
      const ends = [pixelY(point.mean + point.sd, plan.y, area), pixelY(point.mean - point.sd, plan.y, area)];
      return { left: x - 4, right: x + 4, top: Math.min(...ends), bottom: Math.max(...ends) };
    });
  return [
    ...spreads,
    ...(plan.connect ? joints(plan) : []),
    ...lines.flatMap((line) => {
      const y = pixelY(line.mean, plan.y, area);
      const right = area.left + 8 + textWidth(lineText(line, format), { size: sizes.label, weight: 400 });
      const text = {
        left: area.left,
        right,
        ...(isBelow(line, plan) ? { top: y, bottom: y + 19 } : { top: y - 19, bottom: y }),
      };
      // Three times: a name on another name is worse than a name on a line.
      return [{ left: area.left, right: area.left + area.width, top: y - 2, bottom: y + 2 }, text, text, text];
    }),
  ];
}

/** Spots along the lines through families, for names to keep off. */
function joints(plan: ScorePlan): Rect[] {
  const at = ({ x, mean }: Point): readonly [number, number] => [
    pixelX(Math.log10(x), plan.x, plan.area),
    pixelY(mean, plan.y, plan.area),
  ];
  return joinedFamilies(plan.points).flatMap((family) =>
    family.slice(1).flatMap((point, i) => {
      const [[x0, y0], [x1, y1]] = [at(family[i] as Point), at(point)];
      const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 6);
      return Array.from({ length: steps + 1 }, (_, k): Rect => {
        const [x, y] = [x0 + (k / steps) * (x1 - x0), y0 + (k / steps) * (y1 - y0)];
        return { left: x - 3, right: x + 3, top: y - 3, bottom: y + 3 };
      });
    }),
  );
}
