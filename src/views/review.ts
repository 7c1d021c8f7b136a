import type { Adapter } from '../training/adapter';
import type { Column, Table } from '../plots/table';
import { labelledTask } from '../tasks/classification';
import { examplesOf } from '../tasks/pinned';
import type { Task } from '../tasks/task';
import { shortened } from './inspect';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** What an adapter does right and wrong on a task's test examples. */
export interface Review {
  /** Precision, recall and F1 of each class, in percent. */
  readonly classes: Table;
  /** Rows: the right label; columns: the answer. */
  readonly confusion: Table;
  /** The mistakes that it was surest of. */
  readonly mistakes: Table;
}

/** Asks an adapter of a classification task for every test example. @param most mistakes shown */
export async function review(adapter: Adapter, task: Task, most = 10): Promise<Review> {
  const { labels, ...classification } = labelledTask(task);
  const { test } = await examplesOf({ ...classification, labels } as ReturnType<typeof labelledTask>);
  const answers = await adapter.predict(test.map(({ text, pair }) => ({ text, pair })));
  const given = answers.map((answer) => (answer.kind === 'label' ? labels.indexOf(answer.label) : -1));
  const matrix = labels.map((_, right) =>
    labels.map((__, answer) => test.filter(({ label }, i) => label === right && given[i] === answer).length),
  );
  const wrong = test
    .map((example, i) => ({ example, answer: answers[i], given: given[i] ?? -1 }))
    .filter(({ example, given: answer }) => example.label !== answer)
    .map((one) => ({
      ...one,
      sure: one.answer?.kind === 'label' ? (one.answer.probabilities[one.answer.label] ?? 0) : 0,
    }))
    .sort((a, b) => b.sure - a.sure);
  return {
    classes: classTable(labels, matrix),
    confusion: {
      columns: [left('right \\ answer'), ...labels.map(right)],
      rows: matrix.map((row, i) => [labels[i] ?? '', ...row.map(String)]),
    },
    mistakes: {
      columns: [right('sure'), left('answer'), left('right'), left('text')],
      rows: wrong
        .slice(0, most)
        .map(({ example, given: answer, sure }) => [
          `${(100 * sure).toFixed(0)}%`,
          labels[answer] ?? '',
          labels[example.label] ?? '',
          shortened(example.pair === null ? example.text : `${example.text} | ${example.pair}`),
        ]),
    },
  };
}

function classTable(labels: readonly string[], matrix: readonly (readonly number[])[]): Table {
  const percent = (part: number, whole: number): string => (whole === 0 ? '–' : ((100 * part) / whole).toFixed(1));
  const rows = labels.map((label, i) => {
    const hits = matrix[i]?.[i] ?? 0;
    const there = (matrix[i] ?? []).reduce((sum, count) => sum + count, 0);
    const answered = matrix.reduce((sum, row) => sum + (row[i] ?? 0), 0);
    return [label, String(there), percent(hits, answered), percent(hits, there), percent(2 * hits, there + answered)];
  });
  return { columns: [left('class'), right('examples'), right('precision'), right('recall'), right('F1')], rows };
}
