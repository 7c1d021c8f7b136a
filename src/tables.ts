import type { Comparison } from './experiments/compare';
import { countRun } from './experiments/counts';
import type { PublishedNumber } from './experiments/published';
import { shareOf } from './experiments/rows';
import type { Study } from './experiments/studies/study';
import type { Column, Table } from './plots/table';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** The variants of a study as they are declared, nothing trained: parameters, learning rate, runs. */
export function variantTable(study: Study): Table {
  return {
    columns: [left('variant'), left('method'), right('trained'), right('% of backbone'), right('learning rate'), right('runs')],
    rows: study.variants.map(({ label, runs }) => {
      const [spec] = runs;
      if (spec === undefined) return [label, '', '', '', '', '0'];
      const counts = countRun(spec);
      return [label, spec.method, counts.trained.toLocaleString('en'), percent(shareOf(counts)), String(spec.training.learningRate), String(runs.length)];
    }),
  };
}

/** Differences in points of percent, where scores are shares of right answers. */
export function comparisonTable(comparisons: readonly Comparison[]): Table {
  const points = (value: number): string => `${value >= 0 ? '+' : ''}${(100 * value).toFixed(1)}`;
  return {
    columns: [left(`compared with ${comparisons[0]?.second ?? 'nothing'}`), right('points'), left('95% interval'), right('seeds'), right('examples')],
    rows: comparisons.map(({ first, gap, interval, seeds, examples }) => (
      [first, points(gap), `[${points(interval.low)}, ${points(interval.high)}]`, String(seeds), examples.toLocaleString('en')])),
  };
}

/** Numbers as a paper prints them. */
export function publishedTable(numbers: readonly PublishedNumber[]): Table {
  const first = numbers[0];
  return {
    columns: [left(`${first?.source ?? ''}: ${first?.task ?? ''}, ${first?.backbone ?? ''}`), right('printed %'), right(first?.metric ?? ''), right('±')],
    rows: numbers.map(({ label, printed, score, sd }) => [label, printed, String(score), sd === null ? '' : String(sd)]),
  };
}

function percent(share: number): string {
  return share >= 99.5 ? share.toFixed(0) : Number(share.toPrecision(2)).toString();
}
