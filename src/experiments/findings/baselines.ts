import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeWhole } from '../../files';
import { readJson, whole, type Schema } from '../../json';
import { generationBaselines, textScores, type Baseline, type TextScores } from '../../tasks/baselines';
import { printOf, type SplitPrint } from '../../tasks/fingerprint';
import { taskNamed } from '../../tasks/registry';
import { writtenTask, type GenerationExample } from '../../tasks/generation';
import type { TaskData } from '../../tasks/task';
import { textScoresSchema } from '../store/schema';
import { resultsFolder } from '../store/spec';

/** What answers without a model score on the test examples that runs write, by name. */
export interface BaselineRecord {
  readonly task: string;
  readonly examples: SplitPrint;
  readonly rows: readonly (Pick<Baseline, 'name' | 'about'> & { readonly scores: TextScores })[];
}

/** The examples of a task that writes texts, its test set cut to the first `count`; another task is a UserError. */
export async function generationData(name: string, count: number): Promise<TaskData<GenerationExample>> {
  const data = await writtenTask(taskNamed(name)).load();
  return { ...data, test: data.test.slice(0, count) };
}

/** Scores copy, lead words, nearest and oracle on the first `count` test examples. */
export async function scoreBaselines(task: string, count = 500): Promise<BaselineRecord> {
  const data = await generationData(task, count);
  const references = data.test.map(({ target }) => target);
  const rows = generationBaselines(data).map(({ name, about, outputs }) => ({
    name,
    about,
    scores: textScores(outputs, references),
  }));
  return { task, examples: printOf(data.test), rows };
}

/** Where what answers without a model is kept. */
export function baselinesPath(task: string, results: string = resultsFolder()): string {
  return join(results, 'baselines', `${task}.json`);
}

/** Writes `results/baselines/<task>.json`, whole or not at all. Returns its path. */
export function writeBaselines(record: BaselineRecord, results?: string): string {
  return writeWhole(baselinesPath(record.task, results), `${JSON.stringify(record, null, 2)}\n`);
}

const schema: Schema<BaselineRecord> = v.strictObject({
  task: v.string(),
  examples: v.strictObject({ count: whole, hash: v.string() }),
  rows: v.array(
    v.strictObject({
      name: v.picklist(['copy', 'lead', 'nearest', 'oracle']),
      about: v.string(),
      scores: textScoresSchema,
    }),
  ),
});

/**
 * The scores on disk; undefined where they were never made.
 * @throws UserError where the file holds something else
 */
export function readBaselines(task: string, results?: string): BaselineRecord | undefined {
  const path = baselinesPath(task, results);
  return existsSync(path) ? readJson(path, schema, `make it anew with: npx petl baselines ${task}`) : undefined;
}
