import { dotPlot, isDotPlot } from './dot-plot';
import { figure, headRoom } from './figure';
import type { Cell, Figure, Frame, Numbers } from './figure';
import { keysOf } from './keys';
import { scoreText } from './scale';
import type { Point } from './score-marks';
import {
  isMarked,
  planAnnotations,
  planAxes,
  planData,
  pointOf,
  scorePlan,
  scoreTitle,
  type Counted,
  type ScorePlan,
} from './score-plan';
import { pixelsOf, sizeClass } from './size';
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
  /** Pixels, or a length on paper: `84mm` and `174mm` are one and two columns. */
  readonly width?: number | string;
  readonly height?: number;
  /** Which count places the methods: `trained` where left out. */
  readonly x?: Counted;
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
  const counted = options.x ?? 'trained';
  const points = [
    ...summarise(rows).map((row) => pointOf(row, counted)),
    ...(options.published ?? []).map(publishedPoint),
  ];
  const width = pixelsOf(options.width ?? 940);
  const frame = {
    name: options.name ?? `parameter-score-${first.task}`,
    title: options.title ?? `Trained parameters and ${first.metric} on ${first.task}`,
    subtitle: options.subtitle ?? `${first.model}, tier ${first.tier}, ${seedsText(points)}`,
    width,
    height: 0,
  };
  if (!isDotPlot(points)) return curve(points, { frame, options, first });
  const subtitle = frame.subtitle.replace('mean ± standard deviation', 'mean and its 95% interval');
  return dotPlot(points, { frame: { ...frame, subtitle }, metric: first.metric });
}

interface Drawn {
  readonly frame: Frame;
  readonly options: ParameterScoreOptions;
  readonly first: RunRow;
}

function curve(points: readonly Point[], { frame, options, first }: Drawn): Figure {
  const sizes = sizeClass(frame.width);
  const marked = points.filter(isMarked);
  const keys = keysOf(marked, frame.width, sizes);
  const { l, r, b } = sizes.keysBelow ? { l: 5.2 * sizes.tick, r: 8, b: 4.2 * sizes.tick } : { l: 68, r: 196, b: 62 };
  const top = headRoom(frame);
  const height =
    options.height ??
    (sizes.keysBelow ? Math.ceil(top + 0.72 * frame.width + b + keys.height) : Math.max(560, top + b + keys.tall));
  const area = { left: l, top, width: frame.width - l - r, height: height - top - b - keys.height };
  const plan = scorePlan(points, { area, metric: first.metric, axes: 1, sizes });
  const layout = {
    margin: { l, r, t: top, b: b + keys.height },
    ...planAxes(plan, scoreTitle(first.metric), options.x),
    annotations: planAnnotations(plan),
    ...keys.layout(height, { l, r, t: top, b: b + keys.height }),
  };
  return figure(
    { ...frame, height },
    { data: [...planData(plan), ...keys.data], layout: layout as Figure['layout'], numbers: numbersOf(points, plan) },
  );
}

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
