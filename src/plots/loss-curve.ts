import { axis, figure, lineMargin } from './figure';
import type { Annotation, Cell, Data, Figure } from './figure';
import { heightOfNames, lineColours, lineEnds } from './lines';
import { smoothed, type CurvePoint } from './smooth';
import { pixelsOf, sizeClass } from './size';
import { plain } from './text';

/** One line of a training curve: `train loss` of a method, or its `validation loss`. */
export interface Curve {
  readonly label: string;
  readonly points: readonly CurvePoint[];
  /** Dashed for what is measured beside training. */
  readonly dash?: 'solid' | 'dash' | 'dot';
  /** Label of the curve that this one is measured beside: it has that one's colour, and no name of its own. */
  readonly beside?: string;
}

export interface CurveOptions {
  readonly name?: string;
  readonly title?: string;
  readonly subtitle?: string;
  readonly unit?: string;
  /** Pixels, or a length on paper: `84mm` and `174mm` are one and two columns. */
  readonly width?: number | string;
  /** As tall as the names need where left out. */
  readonly height?: number;
}

/**
 * Loss (or score) over steps, each line named at its end. Long lines are smoothed and drawn over themselves, faint; the
 * numbers are those of every step.
 */
export function lossCurve(curves: readonly Curve[], options: CurveOptions = {}): Figure {
  const { unit = 'loss' } = options;
  const width = pixelsOf(options.width ?? 760);
  const sizes = sizeClass(width);
  const frame = {
    name: options.name ?? 'loss-curve',
    title: options.title ?? 'Training',
    subtitle: options.subtitle ?? '',
    width,
    height: 0,
  };
  const margin = lineMargin(frame);
  const drawn = curves.filter((curve) => curve.points.length > 0);
  const colour = lineColours(drawn.map(colourOf));
  const lines = drawn.flatMap(linesOf);
  const ends = lines
    .filter(({ faint, label, ...curve }) => !faint && colourOf({ label, ...curve }) === label)
    .map(({ label, points }) => ({ label, y: points[points.length - 1]?.value ?? 0 }));
  const values = drawn.flatMap((curve) => curve.points.map((point) => point.value));
  const names = { sizes, most: 0.34 * width };
  const least = heightOfNames(ends, names);
  const height =
    options.height ?? Math.max(sizes.keysBelow ? Math.round(0.75 * width) : 400, least + margin.t + margin.b);
  const labels = lineEnds(ends, { values, height: height - margin.t - margin.b, colour, ...names });
  const layout = {
    margin: { ...margin, r: labels.room },
    xaxis: axis('step', { rangemode: 'tozero' }),
    yaxis: axis(unit, { tickformat: '~g', range: labels.range }),
    annotations: labels.annotations as Annotation[],
    showlegend: false,
  };
  return figure(
    { ...frame, height },
    { data: lines.map((curve) => line(curve, colour)), layout, numbers: numbersOf(drawn) },
  );
}

/** Whose colour a curve has. */
function colourOf({ label, beside = label }: Curve): string {
  return beside;
}

interface Line extends Curve {
  /** The values as they are, behind their smoothed line. */
  readonly faint: boolean;
}

function linesOf(curve: Curve): readonly Line[] {
  const smooth = smoothed(curve.points);
  if (smooth === undefined) return [{ ...curve, faint: false }];
  return [
    { ...curve, faint: true },
    { ...curve, points: smooth, faint: false },
  ];
}

function line(curve: Line, colour: ReadonlyMap<string, string>): Data {
  const { label, points, dash = 'solid', faint } = curve;
  return {
    type: 'scatter',
    mode: points.length < 30 ? 'lines+markers' : 'lines',
    name: plain(label),
    x: points.map((point) => point.step),
    y: points.map((point) => point.value),
    line: { color: colour.get(colourOf(curve)) ?? '#000000', width: faint ? 1 : 2, dash },
    opacity: faint ? 0.25 : 1,
    marker: { size: 5 },
    ...(faint ? { hoverinfo: 'skip' } : { hovertemplate: `${plain(label)}<br>step %{x}: %{y:.4f}<extra></extra>` }),
  } as Data;
}

function numbersOf(curves: readonly Curve[]): Record<string, Cell>[] {
  return curves.flatMap(({ label, points }) => points.map(({ step, value }) => ({ label, step, value })));
}
