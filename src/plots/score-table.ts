import { formatOf, meanText, shortNumber } from './scale';
import { groupBy, summarise, type RunRow, type SummaryRow } from './summary';
import type { Table } from './table';
import { fullFineTuning, headOnly, orientation } from '../rows';

/**
 * One line per method (head only first, full fine-tuning last, by trained parameters between), one score column per
 * task.
 */
export function scoreTable(rows: readonly RunRow[]): Table {
  const summaries = summarise(rows);
  const tasks = [...new Set(summaries.map((summary) => summary.task))];
  const metricOf = (task: string): string => summaries.find((summary) => summary.task === task)?.metric ?? '';
  const columns = [
    { title: 'method', align: 'left' },
    { title: 'trained', align: 'right' },
    { title: '% of backbone', align: 'right' },
    ...tasks.map((task) => ({
      title: tasks.length === 1 ? metricOf(task) : `${task} ${metricOf(task)}`,
      align: 'right' as const,
    })),
    { title: 'seeds', align: 'right' },
    { title: 'seconds', align: 'right' },
  ] as const;
  const groups = [
    ...groupBy(summaries, (summary) =>
      JSON.stringify([summary.model, summary.tier, summary.method, summary.label]),
    ).values(),
  ];
  const sorted = groups.sort(bySize);
  return { columns, rows: sorted.map((group) => lineOf(group, tasks)), best: bestOf(sorted, tasks) };
}

/** The best mean of each task, where there are several to choose from. */
function bestOf(groups: readonly (readonly SummaryRow[])[], tasks: readonly string[]): readonly [number, number][] {
  return tasks.flatMap((task, t) => {
    const goods = groups.map((group) => {
      const summary = group.find((item) => item.task === task);
      return summary === undefined ? -Infinity : orientation(summary.metric) * summary.mean;
    });
    const best = Math.max(...goods);
    return groups.length < 2
      ? []
      : [...goods.keys()].filter((g) => goods[g] === best).map((g): [number, number] => [g, 3 + t]);
  });
}

function lineOf(group: readonly SummaryRow[], tasks: readonly string[]): string[] {
  const first = group[0] as SummaryRow;
  const scores = tasks.map((task) => {
    const summary = group.find((item) => item.task === task);
    return summary ? meanText(summary, formatOf(summary.metric)) : '';
  });
  const seeds = [...new Set(group.map((summary) => summary.seeds))].join('/');
  const share = first.share >= 99.95 ? '100' : Number(first.share.toPrecision(2)).toString();
  const seconds = group.reduce((sum, summary) => sum + summary.seconds, 0) / group.length;
  return [first.label, shortNumber(first.trained), share, ...scores, seeds, seconds.toFixed(0)];
}

function bySize(a: readonly SummaryRow[], b: readonly SummaryRow[]): number {
  const rank = (group: readonly SummaryRow[]): number =>
    group[0]?.form === headOnly ? -1 : group[0]?.form === fullFineTuning ? Infinity : (group[0]?.share ?? 0);
  return rank(a) === rank(b) ? 0 : rank(a) < rank(b) ? -1 : 1;
}
