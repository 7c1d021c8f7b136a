import { recordsOfRuns } from '../experiments/store/rows';
import type { Candidate } from '../experiments/studies/design-space';
import { heatMap, type HeatCell } from '../plots/heat-map';
import type { Figure } from '../plots/figure';
import type { Table } from '../plots/table';

export interface Screened {
  readonly label: string;
  readonly loss: number;
  readonly score: number;
  readonly seeds: number;
}

/** Validation loss and score of each candidate that has finished runs, lowest loss first. */
export function screenedOf(candidates: readonly Candidate[], results?: string): readonly Screened[] {
  return candidates
    .flatMap(({ point, variant }) => {
      const lasts = recordsOfRuns(variant.runs, results).flatMap(
        ({ evaluations }) => evaluations[evaluations.length - 1] ?? [],
      );
      const average = (pick: (line: (typeof lasts)[number]) => number): number =>
        lasts.reduce((sum, line) => sum + pick(line), 0) / lasts.length;
      return lasts.length === 0
        ? []
        : [
            {
              label: point.label,
              loss: average(({ loss }) => loss),
              score: average(({ score }) => score),
              seeds: lasts.length,
            },
          ];
    })
    .sort((a, b) => a.loss - b.loss);
}

/** What selection saw: validation, never test. */
export function screenTable(screened: readonly Screened[]): Table {
  return {
    columns: [
      { title: 'rank', align: 'right' },
      { title: 'point', align: 'left' },
      { title: 'validation loss', align: 'right' },
      { title: 'validation score', align: 'right' },
      { title: 'seeds', align: 'right' },
    ],
    rows: screened.map(({ label, loss, score, seeds }, i) => [
      String(i + 1),
      label,
      loss.toFixed(4),
      score.toFixed(4),
      String(seeds),
    ]),
  };
}

/**
 * Validation loss of the regular part of the grid: sites down, form, reading and scale across; undefined before
 * anything ran.
 */
export function screenMap(
  screened: readonly Screened[],
  title: string,
  { width }: { readonly width?: number | string } = {},
): Figure | undefined {
  const cells = screened.flatMap(({ label, loss }): readonly HeatCell[] => {
    const [row = '', ...rest] = label.split(', ');
    return rest.length === 3 && /^(linear|relu)$/.test(rest[0] ?? '') && !/head/.test(rest[2] ?? '')
      ? [{ row, column: rest.join(' '), value: loss }]
      : [];
  });
  const ordered = [...cells].sort((a, b) =>
    a.column < b.column ? -1 : a.column > b.column ? 1 : a.row < b.row ? -1 : 1,
  );
  return cells.length === 0
    ? undefined
    : heatMap(ordered, {
        name: 'design-space-screen',
        title,
        unit: 'validation loss',
        axes: ['site', 'form, reading and scale'],
        text: (value) => value.toFixed(3),
        cell: [92, 38],
        ...(width === undefined ? {} : { width }),
      });
}
