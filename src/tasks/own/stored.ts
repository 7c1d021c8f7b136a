import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../errors';
import { writeWhole } from '../../files';
import { readText, whole, type Schema } from '../../json';
import { cacheFolder } from '../../packages/manifest';
import { classificationTask, type ClassificationExample } from '../classification';
import { generationTask, type GenerationTask, type GenerationExample, type Languages } from '../generation';
import type { Example, Task, TaskData } from '../task';

/*
 * Tasks of own data stand in data/cache/own/<name>@<hash>.json, examples and all: a run's spec names the task and the
 * hash, so that a worker, a later session and a prediction have the very examples that the run was made with, whatever
 * has become of the user's file.
 */

interface Kept<K extends string, E extends Example> {
  readonly kind: K;
  readonly name: string;
  readonly metric: string;
  readonly leaked: number;
  readonly data: TaskData<E>;
}
type KeptTask =
  | (Kept<'classification', ClassificationExample> & { readonly labels: readonly string[] })
  | (Kept<'generation', GenerationExample> & { readonly languages: Languages | null; readonly targetTokens: number });

const text = v.pipe(v.string(), v.nonEmpty());
const labelled = v.strictObject({ id: text, text, pair: v.nullable(text), label: whole });
const pair = v.strictObject({ id: text, text, target: text });
const splits = <E>(example: Schema<E>): Schema<TaskData<E & Example>> =>
  v.strictObject({
    train: v.array(example),
    validation: v.array(example),
    test: v.array(example),
  }) as unknown as Schema<TaskData<E & Example>>;
const shared = { name: text, metric: text, leaked: whole };
const schema: Schema<KeptTask> = v.variant('kind', [
  v.strictObject({ kind: v.literal('classification'), ...shared, labels: v.array(text), data: splits(labelled) }),
  v.strictObject({
    kind: v.literal('generation'),
    ...shared,
    languages: v.nullable(v.strictObject({ source: text, target: text })),
    targetTokens: whole,
    data: splits(pair),
  }),
]) as Schema<KeptTask>;

const known = new Map<string, Task>();

/** The name that a spec has for the task: its own for a shipped one; one of own data is kept and named by its hash. */
export function specNameOf(task: Task): string {
  if (task.own === null) return task.name;
  const content = `${JSON.stringify(keptOf(task))}\n`;
  const name = `${task.name}@${hashOf(content)}`;
  const path = pathOf(name);
  if (!existsSync(path)) writeWhole(path, content);
  return name;
}

/** Whether a spec's task is one of own data. */
export function isOwnName(name: string): boolean {
  return name.includes('@');
}

/** What a reader calls a spec's task. */
export function shownTask(name: string): string {
  return name.replace(/@.*$/, '');
}

/** The task of own data that a spec names; a UserError where its examples are gone or changed. */
export function ownTaskNamed(name: string): Task {
  const task = known.get(name) ?? read(name);
  known.set(name, task);
  return task;
}

function read(name: string): Task {
  const path = pathOf(name);
  const remedy = `define task "${shownTask(name)}" again from its file`;
  if (!existsSync(path))
    throw new UserError(`the examples of task "${shownTask(name)}" are not here (${path}): ${remedy}`);
  const content = readFileSync(path, 'utf8');
  const found = readText(content, schema);
  if (found.kind === 'fault') throw new UserError(`${path}: ${found.reason}: ${remedy}`);
  if (!name.endsWith(`@${hashOf(content)}`)) throw new UserError(`${path} is not what it was: ${remedy}`);
  return taskOf(found.value);
}

function keptOf(task: Task): KeptTask {
  const { name, metric, own } = task;
  const shared = { name, metric, leaked: own?.leaked ?? 0, data: own?.data };
  switch (task.kind) {
    case 'classification':
      return { kind: 'classification', ...shared, labels: (task as { labels?: unknown }).labels } as KeptTask;
    case 'generation':
      return {
        kind: 'generation',
        ...shared,
        languages: (task as { languages?: unknown }).languages,
        targetTokens: task.writes?.tokens,
      } as KeptTask;
    default:
      throw new UserError(
        `a task of kind "${task.kind}" cannot be kept: make it by classificationTask or generationTask`,
      );
  }
}

function taskOf(kept: KeptTask): Task {
  const { name, metric, data } = kept;
  const load = (): Promise<never> => Promise.resolve(data as never);
  const task: Task =
    kept.kind === 'classification'
      ? classificationTask({ name, metric, labels: kept.labels, load })
      : generationTask({
          name,
          metric: metric as GenerationTask['metric'],
          languages: kept.languages,
          targetTokens: kept.targetTokens,
          load,
        });
  return { ...task, about: `${name}, from your own data`, own: { hash: '', leaked: kept.leaked, data } };
}

function pathOf(name: string): string {
  return join(cacheFolder(), 'own', `${name}.json`);
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}
