import { figure } from './figure';
import type { Cell, Figure, Numbers } from './figure';
import { scoreText } from './scale';
import { legend } from './score-marks';
import type { Point } from './score-marks';
import { planAnnotations, planAxes, planData, pointOf, scorePlan, scoreTitle, type ScorePlan } from './score-plan';
import { summarise } from './summary';
import type { RunRow } from './summary';
import { fullFineTuning } from '../rows';

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

/**
 * THE figure: trained parameters in % of the backbone (log) against score, one point per method: mean and standard
 * deviation
 * over seeds, each seed a faint dot. Full fine-tuning is a line with its band, head only a dotted line; marker by
 * functional
 * form, colour by modified site. The rows are of one task, model and tier (He et al. 2021, Figure 4 in the form of
 * Figure 2).
 */
export function parameterScore(rows: readonly RunRow[], options: ParameterScoreOptions = {}): Figure {
  const first = oneTask(rows);
  const { width = 940, height = 560 } = options;
  const area = { left: 68, top: 78, width: width - 68 - 196, height: height - 78 - 62 };
  const points = [...summarise(rows).map(pointOf), ...(options.published ?? []).map(publishedPoint)];
  const plan = scorePlan(points, { area, metric: first.metric, axes: 1 });
  const frame = {
    name: options.name ?? `parameter-score-${first.task}`,
    title: options.title ?? `Trained parameters and ${first.metric} on ${first.task}`,
    subtitle: options.subtitle ?? `${first.model}, tier ${first.tier}, ${seedsText(points)}`,
    width,
    height,
  };
  const layout = {
    margin: { l: area.left, r: 196, t: area.top, b: 62 },
    ...planAxes(plan, scoreTitle(first.metric)),
    annotations: planAnnotations(plan),
    showlegend: true,
    legend: legendLayout,
  };
  return figure(frame, {
    data: [...planData(plan), ...legend(plan.points)],
    layout: layout as Figure['layout'],
    numbers: numbersOf(points, plan),
  });
}

export const legendLayout: NonNullable<Figure['layout']['legend']> = {
  x: 1.03,
  y: 1,
  xanchor: 'left',
  yanchor: 'top',
  font: { size: 12.5 },
  tracegroupgap: 0,
  groupclick: 'togglegroup',
};

/** Rows of one task, model, tier and metric; the first of them. */
export function oneTask(rows: readonly RunRow[]): RunRow {
  const first = rows[0];
  if (!first) throw new Error('parameterScore: no runs to draw; train the study first');
  for (const key of ['task', 'model', 'tier', 'metric'] as const) {
    const other = rows.find((row) => row[key] !== first[key]);
    if (other)
      throw new Error(
        `parameterScore: rows of one ${key} are needed, these have ${first[key]} and ${other[key]}; filter them first`,
      );
  }
  return first;
}

/** A published number as a hollow mark. */
export function publishedPoint(score: PublishedScore): Point {
  return { ...score, x: score.share, mean: score.score, sd: 0, seeds: 1, scores: [], trained: 0 };
}

export function seedsText(points: readonly Point[]): string {
  const counts = points.filter((point) => point.source === '').map((item) => item.seeds);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (most === 1) return 'one seed';
  return least === most
    ? `mean ± standard deviation over ${most} seeds`
    : `mean ± standard deviation over ${least} to ${most} seeds`;
}

/** The numbers behind a panel, reference lines first. */
export function numbersOf(all: readonly Point[], { points, format }: ScorePlan): Numbers {
  const lines = all
    .filter((point) => !points.includes(point))
    .sort((a, b) => Number(b.form === fullFineTuning) - Number(a.form === fullFineTuning));
  return [...lines, ...points].map((item): Record<string, Cell> => ({
    label: item.label,
    form: item.form,
    site: item.site,
    trained: item.trained,
    sharePercent: item.share,
    mean: item.mean,
    sd: item.sd,
    seeds: item.source === '' ? item.seeds : 0,
    scores: item.scores.map((score) => scoreText(score, format)).join(' '),
    source: item.source === '' ? 'this project' : item.source,
  }));
}
