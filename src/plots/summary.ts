import { deviation, mean } from '../numbers';
import type { RunRow } from '../rows';

export type { RunRow };

/** All seeds of one method on one task. */
export interface SummaryRow {
  readonly method: string;
  readonly label: string;
  readonly form: string;
  readonly site: string;
  readonly insertion: string;
  readonly composition: string;
  readonly task: string;
  readonly model: string;
  readonly tier: string;
  readonly metric: string;
  readonly seeds: number;
  readonly mean: number;
  /** Sample standard deviation over seeds; 0 where there is one seed. */
  readonly sd: number;
  readonly scores: readonly number[];
  /** Seed and file of each score. */
  readonly runs: readonly { readonly seed: number; readonly run: string }[];
  readonly trained: number;
  readonly stored: number;
  readonly paper: number;
  readonly backbone: number;
  readonly share: number;
  /** Mean seconds of a run. */
  readonly seconds: number;
}

/**
 * Mean and spread over seeds for each method (under one label: settings may differ) and task, in the order in which the
 * methods first appear.
 */
export function summarise(rows: readonly RunRow[]): SummaryRow[] {
  return [
    ...groupBy(rows, (row) =>
      JSON.stringify([row.study, row.tier, row.model, row.task, row.method, row.label]),
    ).values(),
  ].map(summariseSeeds);
}

function summariseSeeds(runs: readonly RunRow[]): SummaryRow {
  const row = runs[0];
  if (!row) throw new Error('summary of no runs');
  const { study: _, seed: __, score: ___, run: ____, ...of } = row;
  const sorted = [...runs].sort((a, b) => a.seed - b.seed);
  const scores = sorted.map((run) => run.score);
  return {
    ...of,
    seeds: scores.length,
    mean: mean(scores),
    sd: deviation(scores),
    scores,
    runs: sorted.map(({ seed, run = '' }) => ({ seed, run })),
    seconds: mean(runs.map((run) => run.seconds)),
  };
}

export function groupBy<T, K = string>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
