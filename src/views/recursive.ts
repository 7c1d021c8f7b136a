import { mean } from '../experiments/statistics/statistics';
import { recordsOfRuns } from '../experiments/store/rows';
import { closedBook, readingMore } from '../experiments/studies/recursive';
import type { Study } from '../experiments/studies/study';
import type { SpreadPoint } from '../plots/percentiles';

/**
 * Exact match of a second pass over the number of answers that it reads, and how often the right one is among them, in
 * percent by seed; at 0 answers the first pass alone. Lines without finished runs have no values.
 */
export function answersCurve(study: Study, results?: string): readonly SpreadPoint[] {
  const recordsOf = (name: string): ReturnType<typeof recordsOfRuns> =>
    recordsOfRuns(study.variants.find((one) => one.name === name)?.runs ?? [], results);
  const once = recordsOf(closedBook.configurations().prompt.name);
  const points = readingMore().flatMap(({ count, configuration }): readonly SpreadPoint[] => {
    const records = recordsOf(configuration.name);
    return [
      { line: 'second pass', x: count, values: records.map(({ final }) => 100 * (final.score ?? NaN)) },
      {
        line: 'oracle',
        x: count,
        values: records.flatMap(({ final }) => final.oracle ?? []).map((share) => 100 * share),
      },
      { line: 'one pass', x: count, values: once.map(({ final }) => 100 * (final.score ?? NaN)) },
    ];
  });
  return points;
}

/** The same in lines of text: means over seeds. */
export function answersLines(points: readonly SpreadPoint[]): readonly string[] {
  return points
    .filter(({ values }) => values.length > 0)
    .map(({ line, x, values }) => `${line.padEnd(12)} ${String(x).padStart(2)} answers  ${mean(values).toFixed(1)}%`);
}
