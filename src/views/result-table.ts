import type { PublishedNumber } from '../experiments/findings/published';
import { countIfKnown } from '../experiments/store/counts';
import type { RunRecord } from '../experiments/store/record';
import { recordsOfRuns } from '../experiments/store/rows';
import { UNTRAINED } from '../experiments/statistics/link';
import { deviation, mean } from '../experiments/statistics/statistics';
import { tasksOf, type Study, type Variant } from '../experiments/studies/study';
import { formatOf, meanText } from '../plots/scale';
import { groupBy } from '../plots/summary';
import type { Column, Table } from '../plots/table';
import { shownTask } from '../tasks/own/stored';
import { taskNamed } from '../tasks/registry';
import type { Writes } from '../tasks/task';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/**
 * Every variant of a study with its mean and deviation on each task, in the study's order; what has not run says so.
 * Beside the likelihood
 * that decides a generation task stands what the texts score: BLEU for a translation, ROUGE-2 for others, both in
 * percent.
 */
export function resultTable(study: Study, results?: string): Table {
  const tasks = tasksOf(study);
  const found = study.variants.map((variant) => ({ variant, records: recordsOfRuns(variant.runs, results) }));
  return {
    columns: [
      left('method'),
      right('% as the paper counts'),
      ...tasks.flatMap((task) => [
        right(`${shownTask(task)} ${taskNamed(task).metric}`),
        ...textMetric(study, task).map((metric) => right(metricNames[metric])),
      ]),
      right('seeds'),
    ],
    rows: found.map(({ variant, records }) => {
      const own = (task: string): readonly RunRecord[] => records.filter(({ run }) => run.spec.task === task);
      const seeds = new Set(tasks.map((task) => own(task).length).filter((count) => count > 0));
      return [
        variant.label,
        shareText(variant, records),
        ...tasks.flatMap((task) => [
          scoreCell(variant, own(task), task),
          ...textMetric(study, task).map((metric) => textCell(own(task), metric)),
        ]),
        [...seeds].join('/'),
      ];
    }),
  };
}

/**
 * What a variant trains. A stage whose answers are read has a method of its own, which stands beside the run's; a run
 * at rest only scores what the stage before it trained, if anything.
 */
function shareText({ runs: [spec] }: Variant, [made]: readonly RunRecord[]): string {
  const own = (spec && countIfKnown(spec)) ?? made?.run.counts;
  const before = spec?.training.before ?? null;
  if (spec === undefined || own === undefined) return '';
  const staged = before === null ? undefined : countIfKnown({ ...spec, method: before.method, task: before.task });
  const share = (paper: number): string => String(Number(((100 * paper) / own.backbone).toPrecision(2)));
  if (spec.training.learningRate <= UNTRAINED) return staged === undefined ? '' : `${share(staged.paper)}, before`;
  return share(own.paper + (before?.gives.kind === 'answers' ? (staged?.paper ?? NaN) : 0));
}

function scoreCell({ runs }: Variant, records: readonly RunRecord[], task: string): string {
  if (!runs.some((spec) => spec.task === task)) return '';
  const scores = records.flatMap(({ final }) => final.score ?? []);
  return scores.length === 0 ? 'not run yet' : meanText(spreadOf(scores), formatOf(records[0]?.final.metric ?? ''));
}

type TextMetric = Writes['score'];

/** How texts of a task are scored; nothing where none are written, or where an answer is right or wrong. */
function textMetric({ variants }: Study, name: string): readonly TextMetric[] {
  const { writes, metric } = taskNamed(name);
  const specs = variants.flatMap(({ runs }) => runs).filter(({ task }) => task === name);
  const isWritten = specs.some(({ training }) => training.target !== null && training.target.decoded !== 0);
  return writes === null || metric !== 'nll' || !isWritten ? [] : [writes.score];
}

function textCell(records: readonly RunRecord[], metric: TextMetric): string {
  const scores = records.flatMap(({ final: { written } }) =>
    written === null ? [] : [metric === 'bleu' ? written.bleu : 100 * written.rouge2],
  );
  return scores.length === 0
    ? ''
    : `${mean(scores).toFixed(1)}${scores.length > 1 ? ` ± ${deviation(scores).toFixed(1)}` : ''}`;
}

function spreadOf(scores: readonly number[]): { readonly mean: number; readonly sd: number; readonly seeds: number } {
  return { mean: mean(scores), sd: deviation(scores), seeds: scores.length };
}

const metricNames = { rouge1: 'R-1', rouge2: 'R-2', rougeLsum: 'R-L', bleu: 'BLEU', accuracy: 'accuracy' } as const;

/** Several columns of one published table: a row for each method, a column for each task and metric. */
export function publishedGrid(numbers: readonly PublishedNumber[]): Table {
  const columns = [...new Set(numbers.map(({ task, metric }) => JSON.stringify([task, metric])))];
  const source = [...new Set(numbers.map((number) => number.source))].join('; ');
  const rows = [...groupBy(numbers, ({ label, printed }) => JSON.stringify([label, printed])).values()];
  const title = (column: string): string => {
    const [task = '', metric = ''] = JSON.parse(column) as string[];
    return `${task} ${(metricNames as Readonly<Record<string, string>>)[metric] ?? metric}`;
  };
  return {
    columns: [left(source), right('printed %'), ...columns.map((column) => right(title(column)))],
    rows: rows.map((row) => [
      row[0]?.label ?? '',
      row[0]?.printed ?? '',
      ...columns.map((column) => numberText(row.find(({ task, metric }) => JSON.stringify([task, metric]) === column))),
    ]),
  };
}

function numberText(number: PublishedNumber | undefined): string {
  if (number === undefined) return '';
  return number.sd === null ? String(number.score) : `${number.score} ± ${number.sd}`;
}
