import type { BaselineRecord } from '../experiments/findings/baselines';
import type { GateLine } from '../experiments/findings/gate';
import type { Table } from '../plots/table';
import type { TextScores } from '../tasks/baselines';

/** How much better the base is, with intervals. */
export function gateTable(lines: readonly GateLine[]): Table {
  const titles = ['task', 'base', 'the base against', 'better by', '95% interval', 'in', 'seeds', ''];
  const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(3)}`;
  return {
    columns: titles.map((title) => ({ title, align: title === 'better by' || title === 'seeds' ? 'right' : 'left' })),
    rows: lines.map(({ task, model, against, statistic, gap, interval, seeds, passed }) => [
      task,
      model,
      against,
      signed(gap),
      `[${signed(interval.low)}, ${signed(interval.high)}]`,
      statistic,
      String(seeds),
      passed ? 'passed' : 'floor',
    ]),
  };
}

const scoreTitles = ['BLEU', 'chrF', 'R-1', 'R-2', 'R-L', 'R-Lsum'] as const;

/** All in percent. */
function scoreCells({ bleu, chrf, rouge1, rouge2, rougeL, rougeLsum }: TextScores): readonly string[] {
  return [bleu, chrf, ...[rouge1, rouge2, rougeL, rougeLsum].map((share) => 100 * share)].map((score) =>
    score.toFixed(1),
  );
}

/** Answers without a model. */
export function baselineTable({ task, examples, rows }: BaselineRecord): Table {
  return {
    columns: [
      { title: `${task}, ${examples.count} texts`, align: 'left' },
      ...scoreTitles.map((title) => ({ title, align: 'right' as const })),
      { title: 'what it is', align: 'left' },
    ],
    rows: rows.map(({ name, about, scores }) => [name, ...scoreCells(scores), about]),
  };
}
