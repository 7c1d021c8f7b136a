import { readLabelBaselines } from '../experiments/findings/label-baselines';
import { deviation, mean } from '../experiments/statistics/statistics';
import type { RunRecord } from '../experiments/store/record';
import { recordsOfRuns } from '../experiments/store/rows';
import { tasksOf, type Study } from '../experiments/studies/study';
import type { Column, Table } from '../plots/table';
import { taskNamed } from '../tasks/registry';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** The finished runs of a variant on a task. */
type RunsOf = (variant: string, task: string) => readonly RunRecord[];

const runsOf =
  ({ variants }: Study, results?: string): RunsOf =>
  (name, task) =>
    recordsOfRuns(
      variants.filter((one) => one.name === name).flatMap(({ runs }) => runs.filter((run) => run.task === task)),
      results,
    );

const scoresOf = (records: readonly RunRecord[]): readonly number[] =>
  records.flatMap(({ final }) => final.score ?? []);

/** A score and how far its seeds lie apart; NaN where nothing is run. */
interface Cell {
  readonly score: number;
  readonly spread: number | undefined;
}

function cellOf(scores: readonly number[]): Cell {
  return { score: scores.length === 0 ? NaN : mean(scores), spread: scores.length > 1 ? deviation(scores) : undefined };
}

const percent = (value: number): string => (100 * value).toFixed(1);
const cellText = ({ score, spread }: Cell): string =>
  Number.isNaN(score) ? 'not run yet' : percent(score) + (spread === undefined ? '' : ` ± ${percent(spread)}`);

/** The means over those rows of which every cell is there, and how many these are. */
function meanRow(rows: readonly (readonly Cell[])[]): readonly [name: string, ...means: string[]] {
  const whole = rows.filter((cells) => cells.every(({ score }) => !Number.isNaN(score)));
  const means = (rows[0] ?? []).map((_, c) => mean(whole.map((cells) => cells[c]?.score ?? NaN)));
  return [`mean of ${whole.length} tasks`, ...means.map((value) => (whole.length === 0 ? '' : percent(value)))];
}

/**
 * The paper's Table 2 of the tasks here: words alone (TF-IDF with a linear model, in the place of its search without
 * BERT), variable fine-tuning, full fine-tuning and adapters, each by the task's own score in percent.
 * @param study with variants `top:k=3`, `full` and `houlsby:m=32`, such as `extra-tasks`
 */
export function furtherTasks(study: Study, results?: string): Table {
  const runs = runsOf(study, results);
  const rows = tasksOf(study).map((task) => {
    const tuned = ['top:k=3', 'full', 'houlsby:m=32'].map((name) => runs(name, task));
    return { task, cells: [wordsOn(task, tuned.flat()[0], results), ...tuned.map(scoresOf).map(cellOf)] };
  });
  const columns = [
    left('task'),
    left('score'),
    right('words'),
    right('variable fine-tuning'),
    right('full'),
    right('adapters'),
  ];
  const [name, ...means] = meanRow(rows.map(({ cells }) => cells));
  return {
    columns,
    rows: [
      ...rows.map(({ task, cells }) => [task, taskNamed(task).metric, ...cells.map(cellText)]),
      [name, '', ...means],
    ],
  };
}

/** What was scored on the very examples of a run; another record says nothing beside it. */
function wordsOn(task: string, run: RunRecord | undefined, results?: string): Cell {
  const found = readLabelBaselines(task, results);
  const isSame = run === undefined || run.final.data?.test.hash === found?.examples.hash;
  return cellOf(
    found === undefined || !isSame ? [] : found.rows.flatMap((row) => (row.name === 'words' ? row.score : [])),
  );
}

const adapterSizes = [1, 4, 32, 128] as const;

/**
 * The paper's Table 1 of the tasks here that have every size: full fine-tuning, adapters of the size that validates
 * best, averaged over seeds, and of one size for all; test scores in percent.
 * @param study with variants `full` and `houlsby:m=` of 1, 4, 32 and 128, such as `trade-off`
 */
export function sizeForEach(study: Study, results?: string): Table {
  const runs = runsOf(study, results);
  const rows = tasksOf(study).map((task) => {
    const sizes = adapterSizes.map((m) => ({ m, records: runs(`houlsby:m=${m}`, task) }));
    const best = sizes.every(({ records }) => records.length > 0) ? bestOnValidation(sizes) : undefined;
    const fixed = sizes.find(({ m }) => m === 32)?.records ?? [];
    const cells = [runs('full', task), best?.records ?? [], fixed].map(scoresOf).map(cellOf);
    return { task, cells, m: best === undefined ? '' : String(best.m) };
  });
  const [name, ...means] = meanRow(rows.map(({ cells }) => cells));
  return {
    columns: [
      left('task'),
      left('score'),
      right('best m'),
      right('full'),
      right('adapters, best m'),
      right('adapters, m=32'),
    ],
    rows: [
      ...rows.map(({ task, m, cells }) => [task, taskNamed(task).metric, m, ...cells.map(cellText)]),
      [name, '', '', ...means],
    ],
  };
}

interface Size {
  readonly m: number;
  readonly records: readonly RunRecord[];
}

/** By the mean of the last validation scores; the smaller of equal ones. */
function bestOnValidation(sizes: readonly Size[]): Size | undefined {
  const validated = ({ records }: Size): number =>
    mean(records.map(({ evaluations }) => evaluations.at(-1)?.score ?? NaN));
  return [...sizes].sort((a, b) => validated(b) - validated(a))[0];
}
