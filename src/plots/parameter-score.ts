import { fullFineTuning, headOnly } from '../experiments/words';
import { axis, figure, softInk } from './figure';
import type { Annotation, Cell, Data, Figure, Numbers } from './figure';
import { textWidth } from './fonts';
import { placeLabels } from './labels';
import type { Rect } from './labels';
import { referenceLine } from './lines';
import { legend, marks, seedDots } from './score-marks';
import type { Point } from './score-marks';
import { formatOf, linearRange, logAxis, logRange, meanText, pixelX, pixelY, scoreAxis, scoreText } from './scale';
import type { Area, Range, ScoreFormat } from './scale';
import { summarise } from './summary';
import type { RunRow, SummaryRow } from './summary';

/** A number from a paper, drawn hollow and never mixed with ours. */
export interface PublishedScore {
  readonly label: string;
  readonly form: string;
  readonly site: string;
  /** Trained parameters in % of the backbone. */
  readonly share: number;
  readonly score: number;
  /** Where it is printed: `He et al. 2021, Table 2`. */
  readonly source: string;
}

export interface ParameterScoreOptions {
  readonly name?: string;
  readonly title?: string;
  readonly subtitle?: string;
  readonly published?: readonly PublishedScore[];
  readonly width?: number;
  readonly height?: number;
}

interface Plan {
  readonly points: readonly Point[];
  readonly lines: readonly ReferenceLine[];
  readonly x: Range;
  readonly y: Range;
  readonly area: Area;
  readonly format: ScoreFormat;
}

interface ReferenceLine { readonly label: string; readonly summary: SummaryRow; readonly dash: 'solid' | 'dot' }

/**
 * THE figure: trained parameters in % of the backbone (log) against score, one point per method: mean and standard deviation
 * over seeds, each seed a faint dot. Full fine-tuning is a line with its band, head only a dotted line; marker by functional
 * form, colour by modified site. The rows are of one task, model and tier (He et al. 2021, Figure 4 in the form of Figure 2).
 */
export function parameterScore(rows: readonly RunRow[], options: ParameterScoreOptions = {}): Figure {
  const first = oneTask(rows);
  const { width = 940, height = 560 } = options;
  const plan = planOf(rows, options.published ?? [], { left: 68, top: 78, width: width - 68 - 196, height: height - 78 - 62 });
  const frame = {
    name: options.name ?? `parameter-score-${first.task}`,
    title: options.title ?? `Trained parameters and ${first.metric} on ${first.task}`,
    subtitle: options.subtitle ?? `${first.model}, tier ${first.tier}, ${seedsText(plan)}`,
    width, height,
  };
  return figure(frame, { data: dataOf(plan), layout: layoutOf(plan, first.metric), numbers: numbersOf(plan) });
}

function oneTask(rows: readonly RunRow[]): RunRow {
  const first = rows[0];
  if (!first) throw new Error('parameterScore: no runs to draw; train the study first');
  for (const key of ['task', 'model', 'tier', 'metric'] as const) {
    const other = rows.find((row) => row[key] !== first[key]);
    if (other) throw new Error(`parameterScore: rows of one ${key} are needed, these have ${first[key]} and ${other[key]}; filter them first`);
  }
  return first;
}

function planOf(rows: readonly RunRow[], published: readonly PublishedScore[], area: Area): Plan {
  const summaries = summarise(rows);
  // What trains nothing of the backbone has no place on a logarithmic axis.
  const isLine = ({ form, share }: SummaryRow): boolean => form === fullFineTuning || form === headOnly || share <= 0;
  const points = [
    ...summaries.filter((summary) => !isLine(summary)).map((summary): Point => ({ ...summary, x: summary.share, source: '' })),
    ...published.map((score): Point => ({ ...score, x: score.share, mean: score.score, sd: 0, seeds: 1, scores: [], trained: 0 })),
  ];
  const lines = summaries.filter(isLine).map((summary): ReferenceLine => (
    { label: summary.label, summary, dash: summary.form === fullFineTuning ? 'solid' : 'dot' }));
  const spread = [...points, ...lines.map((line) => line.summary)].flatMap(({ mean, sd, scores }) => [mean - sd, mean + sd, ...scores]);
  const shares = points.length > 0 ? points.map((point) => point.x) : [1, 100];
  return { points, lines, x: withRoomForNames(logRange(shares, 0.1)), y: linearRange(spread, 0.1), area, format: formatOf(rows[0]?.metric ?? '') };
}

/** Names stand to the right of most points, also of the last one. */
function withRoomForNames({ from, to }: Range): Range {
  return { from, to: to + 0.1 * (to - from) };
}

function seedsText({ points, lines }: Plan): string {
  const counts = [...points.filter((point) => point.source === ''), ...lines.map((line) => line.summary)].map((item) => item.seeds);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (most === 1) return 'one seed';
  return least === most ? `mean ± standard deviation over ${most} seeds` : `mean ± standard deviation over ${least} to ${most} seeds`;
}

function dataOf(plan: Plan): Data[] {
  return [...plan.lines.flatMap((line) => referenceLine(line.summary, plan.x, line.dash)), ...seedDots(plan.points), ...marks(plan.points, plan.format), ...legend(plan.points)];
}

function layoutOf(plan: Plan, metric: string): Figure['layout'] {
  const { area, format } = plan;
  return {
    margin: { l: area.left, r: 196, t: area.top, b: 62 },
    xaxis: logAxis('trained parameters, % of the backbone (log)', plan.x, '%'),
    yaxis: axis(`test ${metric}`, scoreAxis(plan.y, format)),
    annotations: [...plan.lines.map((line) => lineLabel(line, plan)), ...pointLabels(plan)],
    showlegend: true,
    legend: { x: 1.03, y: 1, xanchor: 'left', yanchor: 'top', font: { size: 12.5 }, tracegroupgap: 0, groupclick: 'togglegroup' },
  };
}

function lineText({ label, summary }: ReferenceLine, format: ScoreFormat): string {
  return `${label} ${meanText(summary, format)}`;
}

function lineLabel(line: ReferenceLine, { format }: Plan): Partial<Annotation> {
  return {
    text: lineText(line, format), xref: 'paper', x: 0, xanchor: 'left', xshift: 4, yref: 'y', y: line.summary.mean, yanchor: 'bottom',
    showarrow: false, font: { size: 12, color: softInk },
  };
}

const labelSize = 12;

function pointLabels(plan: Plan): Partial<Annotation>[] {
  const { area } = plan;
  const spots = plan.points.map((point) => ({
    x: pixelX(Math.log10(point.x), plan.x, area), y: pixelY(point.mean, plan.y, area),
    width: textWidth(point.label, { size: labelSize, weight: 400 }) + 6, height: labelSize * 1.25,
  }));
  const bounds = { left: area.left + 3, top: area.top + 2, right: area.left + area.width - 2, bottom: area.top + area.height - 3 };
  const places = placeLabels(spots, { bounds, obstacles: obstaclesOf(plan) });
  return plan.points.map((point, i): Partial<Annotation> => ({
    text: point.label, x: Math.log10(point.x), y: point.mean, ax: places[i]?.dx ?? 0, ay: places[i]?.dy ?? 0, xanchor: places[i]?.anchor ?? 'center',
    showarrow: true, arrowhead: 0, arrowwidth: 0.8, arrowcolor: places[i]?.far ? '#9aa5b1' : 'rgba(0,0,0,0)', standoff: 7,
    font: { size: labelSize }, borderpad: 1,
  }));
}

/** Spreads, reference lines and their labels. */
function obstaclesOf(plan: Plan): Rect[] {
  const { area, points, lines, format } = plan;
  const spreads = points.filter((point) => point.sd > 0).map((point) => {
    const x = pixelX(Math.log10(point.x), plan.x, area);
    return { left: x - 4, right: x + 4, top: pixelY(point.mean + point.sd, plan.y, area), bottom: pixelY(point.mean - point.sd, plan.y, area) };
  });
  return [...spreads, ...lines.flatMap((line) => {
    const y = pixelY(line.summary.mean, plan.y, area);
    const right = area.left + 8 + textWidth(lineText(line, format), { size: 12, weight: 400 });
    const text = { left: area.left, right, top: y - 19, bottom: y };
    // Three times: a name on another name is worse than a name on a line.
    return [{ left: area.left, right: area.left + area.width, top: y - 2, bottom: y + 2 }, text, text, text];
  })];
}

function numbersOf({ points, lines, format }: Plan): Numbers {
  const all = [...lines.map((line) => ({ ...line.summary, source: '' })), ...points];
  return all.map((item): Record<string, Cell> => ({
    label: item.label, form: item.form, site: item.site, trained: item.trained, sharePercent: item.share,
    mean: item.mean, sd: item.sd, seeds: item.source === '' ? item.seeds : 0, scores: item.scores.map((score) => scoreText(score, format)).join(' '),
    source: item.source === '' ? 'this project' : item.source,
  }));
}
