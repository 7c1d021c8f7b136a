import { countIfKnown } from './experiments/store/counts';
import type { PublishedNumber } from './experiments/findings/published';
import { shareOf } from './experiments/store/rows';
import type { Study } from './experiments/studies/study';
import type { Column, Table } from './plots/table';
import type { Comparison } from './rows';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** The variants of a study as they are declared, nothing trained: parameters, learning rate, runs. */
export function variantTable(study: Study): Table {
  return {
    columns: [
      left('variant'),
      left('method'),
      right('trained'),
      right('% of backbone'),
      right('learning rate'),
      right('runs'),
    ],
    rows: study.variants.map(({ label, runs }) => {
      const [spec] = runs;
      if (spec === undefined) return [label, '', '', '', '', '0'];
      const counts = countIfKnown(spec);
      const rates = [...new Set(runs.map(({ training }) => training.learningRate))].join(' / ');
      return [
        label,
        spec.method,
        counts?.trained.toLocaleString('en') ?? '',
        counts === undefined ? '' : percent(shareOf(counts)),
        rates,
        String(runs.length),
      ];
    }),
  };
}

/**
 * Differences in points of percent where scores are shares of right answers, else in the metric's own unit; above 0 is
 * better.
 */
export function comparisonTable(comparisons: readonly Comparison[]): Table {
  const tasks = new Set(comparisons.map(({ task }) => task));
  const isPoints = comparisons.every(({ metric }) => metric === 'accuracy');
  const signed = (value: number): string =>
    `${value >= 0 ? '+' : ''}${isPoints ? (100 * value).toFixed(1) : value.toFixed(4)}`;
  return {
    columns: [
      left(`compared with ${comparisons[0]?.second ?? 'nothing'}`),
      right(isPoints ? 'points' : 'better by'),
      left('95% interval'),
      right('seeds'),
      right('examples'),
    ],
    rows: comparisons.map(({ first, task, gap, interval, seeds, examples }) => [
      tasks.size > 1 ? `${first}, ${task}` : first,
      signed(gap),
      `[${signed(interval.low)}, ${signed(interval.high)}]`,
      String(seeds),
      examples.toLocaleString('en'),
    ]),
  };
}

/** Numbers as a paper prints them. */
export function publishedTable(numbers: readonly PublishedNumber[]): Table {
  const first = numbers[0];
  return {
    columns: [
      left(`${first?.source ?? ''}: ${first?.task ?? ''}, ${first?.backbone ?? ''}`),
      right('printed %'),
      right(first?.metric ?? ''),
      right('±'),
    ],
    rows: numbers.map(({ label, printed, score, sd }) => [
      label,
      printed,
      String(score),
      sd === null ? '' : String(sd),
    ]),
  };
}

function percent(share: number): string {
  return share >= 99.5 ? share.toFixed(0) : Number(share.toPrecision(2)).toString();
}
