import { axis, figure, lineMargin, type Data, type Figure } from '../plots/figure';
import { lineColours, lineEnds } from '../plots/lines';
import { sizeClass } from '../plots/size';

/** How much of what all workers could do at best was done: one line for a rate of losses. */
export interface ScalingLine {
  /** Losses of one worker in an hour. */
  readonly losses: number;
  /** `share` is the shortest possible time over the time taken. */
  readonly points: readonly { readonly workers: number; readonly share: number }[];
}

/** Simulated use of the workers over their number. */
export function scalingFigure(lines: readonly ScalingLine[], subtitle: string): Figure {
  const width = 760;
  const frame = { name: 'scaling', title: 'Workers in use', subtitle, width, height: 400 };
  const margin = lineMargin(frame);
  const label = ({ losses }: ScalingLine): string => (losses === 0 ? 'no losses' : `${losses} lost an hour`);
  const colour = lineColours(lines.map(label));
  const values = lines.flatMap(({ points }) => points.map(({ share }) => 100 * share));
  const ends = lines.map((line) => ({ label: label(line), y: 100 * (line.points.at(-1)?.share ?? 0) }));
  const placed = lineEnds(ends, {
    values,
    height: 400 - margin.t - margin.b,
    colour,
    sizes: sizeClass(width),
    most: 200,
  });
  const ticks = [...new Set(lines.flatMap(({ points }) => points.map(({ workers }) => workers)))];
  return figure(frame, {
    data: lines.map(
      (line) =>
        ({
          type: 'scatter',
          mode: 'lines+markers',
          name: label(line),
          x: line.points.map(({ workers }) => workers),
          y: line.points.map(({ share }) => 100 * share),
          line: { color: colour.get(label(line)) ?? '#000000', width: 2 },
          marker: { size: 5 },
        }) as Data,
    ),
    layout: {
      margin: { ...margin, r: placed.room },
      xaxis: axis('workers', { type: 'log', tickvals: ticks, ticktext: ticks.map(String) }),
      yaxis: axis('shortest possible time over time taken, %', { tickformat: '~g', range: placed.range }),
      annotations: [...placed.annotations],
      showlegend: false,
    },
    numbers: lines.flatMap(({ losses, points }) => points.map(({ workers, share }) => ({ losses, workers, share }))),
  });
}
