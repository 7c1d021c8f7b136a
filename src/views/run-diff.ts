import type { Difference, Differing } from '../experiments/store/difference';
import type { Table } from '../plots/table';

/** What two runs are and what came out, where they differ; numbers as they are stored. */
export function diffTable(difference: Difference): Table {
  const { curve, examples, score, loss, outcome: others, equal } = difference;
  const parts = (['spec', 'counts', 'inputs', 'environment'] as const).flatMap((part) =>
    difference[part].map((one) => differingRow(part, one)),
  );
  const outcome: string[][] = [
    ['score', '', String(score[0]), String(score[1])],
    ['loss', '', String(loss[0]), String(loss[1])],
  ].filter(([, , a, b]) => a !== b);
  const words = [
    curve === null
      ? ['curve', 'no step in common', '', '']
      : [
          'curve',
          `largest gap at step ${curve.at}, mean over ${curve.steps}`,
          digits(curve.largest),
          digits(curve.mean),
        ],
    examples === null
      ? ['examples', 'scored on other ones', '', '']
      : [
          'examples',
          `${examples.differ} of ${examples.count} scored otherwise, by at most ${digits(examples.largest)}`,
          `${examples.above} higher`,
          `${examples.differ - examples.above} higher`,
        ],
  ];
  return {
    columns: ['part', 'field', 'first', 'second'].map((title) => ({ title, align: 'left' })),
    rows: equal
      ? [...parts, ['numbers', 'all the same', '', '']]
      : [...parts, ...outcome, ...others.map((one) => differingRow('outcome', one)), ...words],
  };
}

function differingRow(part: string, { field, first, second }: Differing): string[] {
  return [part, field, first, second];
}

const digits = (value: number): string => String(Number(value.toPrecision(3)));
