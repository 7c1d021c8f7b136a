import { axis, figure, lineMargin } from './figure';
import type { Annotation, Axis, Cell, Data, Figure } from './figure';
import { heightOfNames, lineColours, lineEnds, referenceLine } from './lines';
import { formatOf, logAxis, logRange, meanText, scoreAxis, scoreRange, shortNumber } from './scale';
import type { Range, ScoreFormat } from './scale';
import { fewerTicks, scoreTitle } from './score-plan';
import { pixelsOf, sizeClass, type SizeClass } from './size';
import { plain } from './text';
import { groupBy, summarise } from './summary';
import type { RunRow, SummaryRow } from './summary';
import { fullFineTuning } from '../rows';

export interface SweepOptions {
  readonly name?: string;
  readonly title?: string;
  readonly subtitle?: string;
  /** The line that a run belongs to; the label without its budget (`LoRA r=8` -> `LoRA`) if not given. */
  readonly line?: (row: SummaryRow) => string;
  /**
   * The budget: the trained share in % if not given, where full fine-tuning is a line across. One of 0 is none: a line
   * across, too.
   */
  readonly budget?: (row: SummaryRow) => number;
  readonly budgetTitle?: string;
  readonly budgetSuffix?: string;
  /** The budgets there are, for ticks at those alone; of words they are the places 1, 2, ... beside each other. */
  readonly ticks?: readonly number[] | readonly string[];
  /** Pixels, or a length on paper: `84mm` and `174mm` are one and two columns. */
  readonly width?: number | string;
  readonly height?: number;
}

interface Line {
  readonly label: string;
  readonly points: readonly (SummaryRow & { readonly x: number })[];
}

/** Score against budget (log), one line per method family, bars of one standard deviation over seeds. */
export function budgetSweep(rows: readonly RunRow[], options: SweepOptions = {}): Figure {
  const summaries = summarise(rows);
  const first = summaries[0];
  if (!first) throw new Error('budgetSweep: no runs to draw; train the study first');
  const width = pixelsOf(options.width ?? 800);
  const sizes = sizeClass(width);
  const { budget = ({ form, share }: SummaryRow) => (form === fullFineTuning ? 0 : share) } = options;
  const isLine = (row: SummaryRow): boolean => budget(row) <= 0;
  const lines = linesOf(
    summaries.filter((row) => !isLine(row)),
    options,
  );
  const frame = {
    name: options.name ?? `budget-sweep-${first.task}`,
    title: options.title ?? `Score by budget on ${first.task}`,
    subtitle: options.subtitle ?? `${first.model}, tier ${first.tier}`,
    width,
    height: 0,
  };
  const margin = lineMargin(frame);
  const full = summaries.filter(isLine);
  const colour = lineColours(lines.map((line) => line.label));
  const values = [...lines.flatMap((line) => [...line.points]), ...full].flatMap((row) => [
    row.mean - row.sd,
    row.mean + row.sd,
  ]);
  const ends = [...lines.map(lastOf), ...full.map((row) => ({ label: row.label, y: row.mean }))];
  const names = { sizes, most: 0.34 * width };
  const least = heightOfNames(ends, names);
  const height =
    options.height ?? Math.max(sizes.keysBelow ? Math.round(0.75 * width) : 480, least + margin.t + margin.b);
  const labels = lineEnds(ends, {
    values,
    range: scoreRange(values, formatOf(first.metric)),
    height: height - margin.t - margin.b,
    ...names,
    colour: new Map([...colour, ...full.map((row) => [row.label, '#4b5563'] as const)]),
  });
  const format = formatOf(first.metric);
  const x =
    wordsOf(options) === undefined
      ? logRange(
          lines.flatMap((line) => line.points.map((point) => point.x)),
          0.05,
        )
      : { from: 0, to: Math.log10(lines.flatMap((line) => line.points).length + 1) };
  const layout = {
    margin: { ...margin, r: labels.room },
    showlegend: false,
    annotations: labels.annotations as Annotation[],
    xaxis: budgetAxis(x, options, { width: width - margin.l - labels.room, sizes }),
    yaxis: axis(scoreTitle(first.metric), scoreAxis({ from: labels.range[0], to: labels.range[1] }, format)),
  };
  const data = [
    ...full.flatMap((row) => referenceLine(row, x)),
    ...lines.map((line) => trace(line, colour.get(line.label) ?? '#000000', format)),
  ];
  return figure({ ...frame, height }, { data, layout, numbers: [...numbersOf(lines), ...full.map(numbersAcross)] });
}

function wordsOf({ ticks = [] }: SweepOptions): readonly string[] | undefined {
  return typeof ticks[0] === 'string' ? (ticks as readonly string[]) : undefined;
}

function budgetAxis(
  x: Range,
  options: SweepOptions,
  { width, sizes }: { readonly width: number; readonly sizes: SizeClass },
): Axis {
  const { ticks = [], budget, budgetSuffix = budget ? '' : '%' } = options;
  const title = options.budgetTitle ?? 'trained parameters, % of the backbone (log)';
  const words = wordsOf(options);
  if (words !== undefined) {
    const places = words.map((_, i) => i + 1);
    return axis(title, { range: [0.5, words.length + 0.5], tickvals: places, ticktext: words.map(plain) });
  }
  const log = logAxis(title, x, budgetSuffix);
  if (ticks.length === 0 || ticks.length * 4.3 * sizes.tick > width) return fewerTicks(log, width, sizes);
  const tickvals = ticks as readonly number[];
  return { ...log, tickvals: [...tickvals], ticktext: tickvals.map((tick) => shortNumber(tick) + budgetSuffix) };
}

function linesOf(summaries: readonly SummaryRow[], options: SweepOptions): Line[] {
  const {
    line = (row: SummaryRow) => row.label.replace(/ [a-z]+=[\d.]+$/, ''),
    budget = (row: SummaryRow) => row.share,
  } = options;
  return [...groupBy(summaries, line)].map(([label, group]) => ({
    label,
    points: group.map((row) => ({ ...row, x: budget(row) })).sort((a, b) => a.x - b.x),
  }));
}

function lastOf({ label, points }: Line): { label: string; y: number } {
  return { label, y: points[points.length - 1]?.mean ?? 0 };
}

function trace({ label, points }: Line, color: string, format: ScoreFormat): Data {
  return {
    type: 'scatter',
    mode: 'lines+markers',
    name: plain(label),
    x: points.map((point) => point.x),
    y: points.map((point) => point.mean),
    text: points.map((point) => `<b>${plain(point.label)}</b><br>${shortNumber(point.x)}: ${meanText(point, format)}`),
    hoverinfo: 'text',
    line: { color, width: 2 },
    marker: { size: 8, color, line: { color: '#ffffff', width: 1 } },
    ...(points.some((point) => point.sd > 0)
      ? { error_y: { type: 'data', array: points.map((point) => point.sd), color, thickness: 1.2, width: 3 } }
      : {}),
  } as Data;
}

function numbersOf(lines: readonly Line[]): Record<string, Cell>[] {
  return lines.flatMap((line) =>
    line.points.map(({ label, x, mean, sd, seeds }) => ({ line: line.label, label, budget: x, mean, sd, seeds })),
  );
}

/** A line across has no budget. */
function numbersAcross({ label, mean, sd, seeds }: SummaryRow): Record<string, Cell> {
  return { line: label, label, budget: '', mean, sd, seeds };
}
