import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../errors';
import { writeWhole } from '../../files';
import { readText, real, whole, type Schema } from '../../json';
import { cacheFolder } from '../../packages/manifest';
import { classificationTask, type ClassificationTask } from '../classification';
import { generationTask, type GenerationTask } from '../generation';
import { multiLabelTask, type MultiLabelTask } from '../multi-label';
import { spanTask, type SpanTask } from '../answer-spans';
import { regressionTask, type RegressionTask } from '../regression';
import type { Task, TaskData } from '../task';

/*
 * Tasks of own data stand in data/cache/own/<name>@<hash>.json, examples and all: a run's spec names the task and the
 * hash, so that a worker, a later session and a prediction have the very examples that the run was made with, whatever
 * has become of the user's file.
 */

/** What is kept of every task, beside what its kind adds. */
interface Kept {
  readonly kind: string;
  readonly name: string;
  readonly metric: string;
  readonly leaked: number;
  readonly data: TaskData;
}

/** How the tasks of a kind are kept: what is kept of one beside `Kept`, and the task that is made of it. */
interface Form {
  readonly schema: v.VariantOptions<'kind'>[number];
  readonly rest: (task: Task) => object;
  readonly task: (kept: Kept, load: () => Promise<never>) => Task;
}

const text = v.pipe(v.string(), v.nonEmpty());
const shared = { name: text, metric: text, leaked: whole };
const texts = { id: text, text, pair: v.nullable(text) };

/** @param example entries of one example @param more entries that the kind adds to a task */
function form<T extends Task, R extends object>(
  kind: T['kind'],
  [example, more]: readonly [example: v.ObjectEntries, more: v.ObjectEntries],
  rest: (task: T) => R,
  task: (kept: Pick<T, 'name' | 'metric'> & R, load: () => Promise<never>) => Task,
): readonly [kind: string, form: Form] {
  const part = v.array(v.strictObject(example));
  const data = v.strictObject({ train: part, validation: part, test: part });
  const made: Form = {
    schema: v.strictObject({ kind: v.literal(kind), ...shared, ...more, data }),
    rest: (one) => rest(one as T),
    task: (kept, load) => task(kept as unknown as Pick<T, 'name' | 'metric'> & R, load),
  };
  return [kind, made];
}

const range = v.strictTuple([real, real]);
const answers = v.pipe(v.array(v.strictObject({ text, start: whole })), v.minLength(1));
const languages = v.nullable(v.strictObject({ source: text, target: text }));
const forms: Readonly<Record<string, Form>> = Object.fromEntries([
  form<ClassificationTask, Pick<ClassificationTask, 'labels'>>(
    'classification',
    [{ ...texts, label: whole }, { labels: v.array(text) }],
    ({ labels }) => ({ labels }),
    ({ name, metric, labels }, load) => classificationTask({ name, metric, labels, load }),
  ),
  form<RegressionTask, Pick<RegressionTask, 'range'>>(
    'regression',
    [{ ...texts, value: real }, { range }],
    ({ range }) => ({ range }),
    ({ name, metric, range }, load) => regressionTask({ name, metric, range, load }),
  ),
  form<MultiLabelTask, Pick<MultiLabelTask, 'labels'>>(
    'multi-label',
    [{ ...texts, labels: v.array(whole) }, { labels: v.array(text) }],
    ({ labels }) => ({ labels }),
    ({ name, metric, labels }, load) => multiLabelTask({ name, metric, labels, load }),
  ),
  form<SpanTask, object>(
    'span',
    [{ id: text, text, pair: text, answers }, {}],
    () => ({}),
    ({ name, metric }, load) => spanTask({ name, metric, load }),
  ),
  form<GenerationTask, Pick<GenerationTask, 'languages'> & { readonly targetTokens: number }>(
    'generation',
    [
      { id: text, text, target: text },
      { languages, targetTokens: whole },
    ],
    (task) => ({ languages: task.languages, targetTokens: task.writes?.tokens ?? 0 }),
    ({ name, metric, languages, targetTokens }, load) =>
      generationTask({ name, metric, languages, targetTokens, load }),
  ),
]);
const schema: Schema<Kept> = v.variant(
  'kind',
  Object.values(forms).map((one) => one.schema),
) as unknown as Schema<Kept>;

function formOf(kind: string): Form {
  const found = Object.hasOwn(forms, kind) ? forms[kind] : undefined;
  if (found !== undefined) return found;
  throw new UserError(`a task of kind "${kind}" cannot be kept: make it of own data`);
}

/** Of a name with its hash, as specs have it. */
const longestName = 100;

const known = new Map<string, Task>();

/** Tasks by names under which they are yet to be kept. */
const unkept = new Map<string, Task>();

/** The name that a spec has for the task: its own for a shipped one; one of own data is kept and named by its hash. */
export function specNameOf(task: Task): string {
  return withSpecName(task, (name) => name);
}

/** What `make` makes of the task's name in a spec; a task of own data is kept where that is no error. */
export function withSpecName<T>(task: Task, make: (name: string) => T): T {
  if (task.own === null) return make(task.name);
  const content = `${JSON.stringify(keptOf(task))}\n`;
  const name = `${task.name}@${hashOf(content)}`;
  const path = pathOf(name);
  unkept.set(name, task);
  try {
    const made = make(name);
    if (!existsSync(path)) writeWhole(path, content);
    return made;
  } finally {
    unkept.delete(name);
  }
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
  const made = unkept.get(name);
  if (made !== undefined) return made;
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

function keptOf(task: Task): object {
  const { kind, name, metric, own } = task;
  return { kind, name, metric, leaked: own?.leaked ?? 0, data: own?.data, ...formOf(kind).rest(task) };
}

function taskOf(kept: Kept): Task {
  const { name, data, leaked, kind } = kept;
  const task = formOf(kind).task(kept, () => Promise.resolve(data as never));
  const own = { hash: '', leaked, data };
  return { ...task, ...pairsIn(kept), about: `${name}, from your own data`, own };
}

/** Whether a task with labels or a number reads pairs of texts: its examples tell. */
function pairsIn({ kind, data }: Kept): Pick<Task, 'pairs'> {
  const examples = data.train as readonly { readonly pair?: string | null }[];
  const tells = kind !== 'span' && examples.some(({ pair }) => pair !== undefined);
  return tells ? { pairs: examples.some(({ pair }) => pair !== null) } : {};
}

/** A name stands in a path: it may not lead out of the folder. */
function pathOf(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*@[0-9a-f]{12}$/.test(name) || name.length > longestName)
    throw new UserError(
      `a task cannot be called ${JSON.stringify(shownTask(name))}: give a name of at most ${longestName - 13} letters, digits, ".", "_" and "-"`,
    );
  return join(cacheFolder(), 'own', `${name}.json`);
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}
