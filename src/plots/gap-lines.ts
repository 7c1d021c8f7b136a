import type { Data } from './figure';
import { plain } from './text';

/** A line at one place of a panel: its gap to what is drawn at 0, better above it. */
export interface PlacedGap {
  readonly panel: string;
  readonly place: string;
  readonly line: string;
  readonly gap: number;
  /** Ends of its interval; none where there is no interval. */
  readonly low?: number;
  readonly high?: number;
  readonly seeds: number;
  /** What stands at 0, in its own unit. */
  readonly zero: number;
}

/** An axis without a trace is not drawn. */
function blank(xaxis: string, yaxis: string): Data {
  const nothing = { type: 'scatter', mode: 'markers', x: [null], y: [null], showlegend: false, hoverinfo: 'skip' };
  return { ...nothing, xaxis, yaxis } as Data;
}

/** What the lines of a panel share. */
export interface GapField {
  /** Every line of the figure, in order. */
  readonly lines: readonly string[];
  readonly colour: ReadonlyMap<string, string>;
  readonly zero: string;
  /** From left to right. */
  readonly places: readonly string[];
  readonly axes: { readonly x: string; readonly y: string };
}

/** The lines of a panel with their intervals, beside each other so that none hides another. */
export function gapLines(points: readonly PlacedGap[], field: GapField): readonly Data[] {
  return [blank(field.axes.x, field.axes.y), ...field.lines.flatMap((line) => lineOf(line, points, field))];
}

function lineOf(line: string, points: readonly PlacedGap[], field: GapField): readonly Data[] {
  const { lines, places, axes } = field;
  const mine = places.flatMap((place) => points.filter((point) => point.line === line && point.place === place));
  if (mine.length === 0) return [];
  const aside = 0.06 * (lines.indexOf(line) - (lines.length - 1) / 2);
  const color = field.colour.get(line) ?? '#000000';
  return [
    {
      ...{ type: 'scatter', mode: 'lines+markers', name: plain(line), legendgroup: line, showlegend: false },
      ...{ xaxis: axes.x, yaxis: axes.y },
      x: mine.map(({ place }) => places.indexOf(place) + aside),
      y: mine.map(({ gap }) => gap),
      line: { color, width: 2 },
      marker: { size: 7, color, line: { color: '#ffffff', width: 1 } },
      error_y: {
        ...{ type: 'data', symmetric: false, color, thickness: 1.3, width: 3 },
        array: mine.map(({ gap, high = gap }) => high - gap),
        arrayminus: mine.map(({ gap, low = gap }) => gap - low),
      },
      text: mine.map((point) => hover(point, field.zero)),
      hoverinfo: 'text',
    } as Data,
  ];
}

function hover({ line, place, gap, low, high, seeds, zero }: PlacedGap, name: string): string {
  const number = (value: number): string => value.toFixed(3);
  const interval = low === undefined || high === undefined ? '' : ` [${number(low)}, ${number(high)}]`;
  const count = `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`;
  return `<b>${plain(line)}</b>, ${plain(place)}<br>${number(gap)}${interval}, ${count}<br>${plain(name)} ${number(zero)}`;
}
