import type { Axis } from './figure';
import { axis } from './figure';

/** Plotting area in pixels, y downwards. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Linear range around all values, with `room` of their extent on both sides. */
export function linearRange(values: readonly number[], room = 0.08): Range {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const extent = high - low || Math.abs(high) * 0.1 || 1;
  return { from: low - room * extent, to: high + room * extent };
}

/** Linear range around scores: shares end a little above 1, so that a mark there is whole and no number beyond it. */
export function scoreRange(scores: readonly number[], format: ScoreFormat, room?: number): Range {
  const { from, to } = linearRange(scores, room);
  return { from, to: format === 'percent' && to > 1 ? Math.max(1 + 0.04 * (1 - from), from + 0.01) : to };
}

/** Range in log10 around all values, all above 0; at least one power of ten, so that the axis has ticks. */
export function logRange(values: readonly number[], room = 0.1): Range {
  const { from, to } = linearRange(
    values.map((value) => Math.log10(value)),
    room,
  );
  const missing = Math.max(0, 1 - (to - from));
  return { from: from - missing / 2, to: to + missing / 2 };
}

/** Pixel of a value on the horizontal or vertical side of the area. */
export function pixelX(value: number, range: Range, area: Area): number {
  return area.left + ((value - range.from) / (range.to - range.from)) * area.width;
}

export function pixelY(value: number, range: Range, area: Area): number {
  return area.top + ((range.to - value) / (range.to - range.from)) * area.height;
}

/** Logarithmic axis with a tick at every power of ten, and at 2 and 5 times it where there are few powers. */
export function logAxis(title: string, range: Range, suffix = ''): Axis {
  const powers = range.to - range.from;
  const steps = powers < 1.2 ? [1, 2, 3, 5, 7] : powers < 2.6 ? [1, 2, 5] : [1, 3];
  const ticks: number[] = [];
  for (let power = Math.floor(range.from); power <= range.to; power++) {
    for (const step of steps) ticks.push(step * 10 ** power);
  }
  const tickvals = ticks.filter((tick) => Math.log10(tick) >= range.from && Math.log10(tick) <= range.to);
  const ticktext = tickvals.map((tick) => shortNumber(tick) + suffix);
  return axis(title, { type: 'log', range: [range.from, range.to], tickmode: 'array', tickvals, ticktext });
}

/** 0.003, 0.5, 12, 340, 1.2 M: at most three figures. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 999.5e6) return `${trim(value / 1e9)} G`;
  if (Math.abs(value) >= 999.5e3) return `${trim(value / 1e6)} M`;
  if (Math.abs(value) >= 10000) return `${trim(value / 1e3)} k`;
  return trim(value);
}

function trim(value: number): string {
  return value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

export type ScoreFormat = 'percent' | 'number';

/** Accuracy-like scores in [0, 1] are written in percent. */
export function formatOf(metric: string): ScoreFormat {
  return ['accuracy', 'f1', 'macro-f1', 'micro-f1', 'span-f1', 'exact-match', 'answer-match', 'matthews'].includes(
    metric,
  )
    ? 'percent'
    : 'number';
}

/** Settings of an axis of scores. */
export function scoreAxis(range: Range, format: ScoreFormat): Partial<Axis> {
  const percent = range.to - range.from < 0.05 ? '.1%' : '.0%';
  return { range: [range.from, range.to], tickformat: format === 'percent' ? percent : '~g', nticks: 8 };
}

export function scoreText(score: number, format: ScoreFormat): string {
  return format === 'percent' ? (100 * score).toFixed(1) : Math.abs(score) < 10 ? score.toFixed(3) : score.toFixed(2);
}

/** `83.9 ± 0.4`; without the spread where there is one seed. */
export function meanText(
  summary: { readonly mean: number; readonly sd: number; readonly seeds: number },
  format: ScoreFormat,
): string {
  const text = scoreText(summary.mean, format);
  return summary.seeds > 1 ? `${text} ± ${scoreText(summary.sd, format)}` : text;
}
