import { existsSync } from 'node:fs';
import * as v from 'valibot';
import { writeWhole } from '../../files';
import { readJson, real, whole, type Schema } from '../../json';
import { foundTask } from '../../tasks/answer-spans';
import { labelledTask } from '../../tasks/classification';
import { printOf, type SplitPrint } from '../../tasks/fingerprint';
import { examplesOf } from '../../tasks/pinned';
import { squadScores } from '../../tasks/metrics/answers';
import { taskNamed } from '../../tasks/registry';
import { windowAnswers } from '../../tasks/span-baseline';
import { take } from '../../training/data';
import { baselinesPath } from './baselines';

/** What answers without a transformer on the test examples of a task with labels, or with answers that are spans. */
export interface LabelBaselines {
  readonly task: string;
  /** What was learned from, and scored. */
  readonly train: SplitPrint;
  readonly examples: SplitPrint;
  readonly rows: readonly {
    readonly name: 'majority' | 'words';
    readonly about: string;
    readonly score: number;
    /** Whether each answer is right, 1 or 0; of an answer that is a span its F1. */
    readonly right: readonly number[];
  }[];
}

/** It computes with TensorFlow, which nobody loads who only reads what was found. */
const linear = (): typeof import('../../tasks/linear') =>
  require('../../tasks/linear') as typeof import('../../tasks/linear');

/** The most frequent label, and a linear model of words, learned from the same examples as the runs. */
export async function scoreLabelBaselines(
  name: string,
  { train, test }: { readonly train: number | 'all'; readonly test: number | 'all' },
): Promise<LabelBaselines> {
  const task = labelledTask(taskNamed(name));
  const all = await examplesOf(task);
  const data = { ...all, train: take(all.train, train), test: take(all.test, test) };
  const most = mostFrequent(data.train.map(({ label }) => label));
  const { linearAnswers, scoreOf } = linear();
  const { answers, penalty } = await linearAnswers(task, data);
  const row = (about: string, given: readonly number[]): Omit<LabelBaselines['rows'][number], 'name'> => ({
    about,
    score: scoreOf(task.metric, given, data.test),
    right: data.test.map(({ label }, i) => Number(given[i] === label)),
  });
  return {
    task: name,
    train: printOf(data.train),
    examples: printOf(data.test),
    rows: [
      {
        name: 'majority',
        ...row(
          'the most frequent label of training',
          data.test.map(() => most),
        ),
      },
      { name: 'words', ...row(`logistic regression of TF-IDF, penalty ${penalty}`, answers) },
    ],
  };
}

/** The sliding window, which knows words alone. */
export async function scoreSpanBaselines(
  name: string,
  { train, test }: { readonly train: number | 'all'; readonly test: number | 'all' },
): Promise<LabelBaselines> {
  const all = await examplesOf(foundTask(taskNamed(name)));
  const [learned, scored] = [take(all.train, train), take(all.test, test)];
  const said = windowAnswers(learned, scored);
  const right = scored.map(({ answers }, i) => {
    const references = answers.map(({ text }) => text);
    return squadScores(said[i] ?? '', references).f1;
  });
  const about = 'new words of the sentence that is most like the question';
  const score = right.reduce((sum, one) => sum + one, 0) / right.length;
  return {
    task: name,
    train: printOf(learned),
    examples: printOf(scored),
    rows: [{ name: 'words', about, score, right }],
  };
}

function mostFrequent(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 0;
}

/** Tasks of these kinds are answered without a model by what their examples say; others by texts. */
export const answerBaselines: Readonly<Partial<Record<string, typeof scoreLabelBaselines>>> = {
  classification: scoreLabelBaselines,
  span: scoreSpanBaselines,
};

/** Writes `results/baselines/<task>.json`, whole or not at all. Returns its path. */
export function writeLabelBaselines(record: LabelBaselines, results?: string): string {
  return writeWhole(baselinesPath(record.task, results), `${JSON.stringify(record)}\n`);
}

const print = v.strictObject({ count: whole, hash: v.string() });
const schema: Schema<LabelBaselines> = v.strictObject({
  task: v.string(),
  train: print,
  examples: print,
  rows: v.array(
    v.strictObject({
      name: v.picklist(['majority', 'words']),
      about: v.string(),
      score: real,
      right: v.array(v.pipe(real, v.minValue(0), v.maxValue(1))),
    }),
  ),
});

/**
 * The record on disk; undefined where it was never made.
 * @throws UserError where the file holds something else
 */
export function readLabelBaselines(task: string, results?: string): LabelBaselines | undefined {
  const path = baselinesPath(task, results);
  return existsSync(path) ? readJson(path, schema, `make it anew with: npx petl baselines ${task}`) : undefined;
}
