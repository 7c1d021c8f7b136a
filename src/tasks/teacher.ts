import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { readText, real, whole, type Schema } from '../json';
import { projectRoot } from '../project';
import { printOf } from './fingerprint';
import { writtenTask, type GenerationTask } from './generation';
import { examplesOf } from './pinned';
import type { SplitPrint } from './split';
import type { GenerationExample, Task, TaskData } from './task';

/*
 * Sentence-level distillation (Kim and Rush 2016; Lin et al. 2020, released code): what a fully fine-tuned model wrote
 * for the training inputs of a task stands in place of their targets. Validation and test keep their own, and nothing
 * is ever written for them. The texts stand in data/teachers/<name>.json; a spec names them by name and hash.
 */

export interface TeacherTexts {
  readonly task: string;
  readonly model: string;
  readonly method: string;
  /** Id of the run that the teacher is, and its score on test. */
  readonly run: string;
  readonly score: number;
  /** Training examples that it read, the first ones of the task. */
  readonly inputs: SplitPrint;
  /** One for each; null where what it wrote had no end or no words: that example keeps its own target. */
  readonly texts: readonly (string | null)[];
}

const schema: Schema<TeacherTexts> = v.strictObject({
  task: v.string(),
  model: v.string(),
  method: v.string(),
  run: v.string(),
  score: real,
  inputs: v.strictObject({ count: v.pipe(whole, v.minValue(1)), hash: v.string() }),
  texts: v.array(v.nullable(v.pipe(v.string(), v.nonEmpty()))),
});

/** What a spec names where nothing has been written yet. */
const none = '0'.repeat(12);

export function teacherPath(name: string): string {
  return join(process.env['PETL_TEACHERS'] ?? join(projectRoot(), 'data', 'teachers'), `${name}.json`);
}

/** The name that a spec has for the texts called `name`: with their hash, one that none has where there are none. */
export function teacherId(name: string): string {
  const path = teacherPath(name);
  return `${name}@${existsSync(path) ? hashOf(readFileSync(path, 'utf8')) : none}`;
}

/** A text on each line. Returns the path. */
export function writeTeacher(name: string, { texts, ...about }: TeacherTexts): string {
  const head = JSON.stringify(about, null, 2).slice(0, -2);
  const lines = texts.map((text) => `    ${JSON.stringify(text)}`).join(',\n');
  return writeWhole(teacherPath(name), `${head},\n  "texts": [\n${lines}\n  ]\n}\n`);
}

/** @throws UserError where they are not here as they were */
export function readTeacher(id: string): TeacherTexts {
  const name = id.replace(/@.*$/, '');
  const path = teacherPath(name);
  const remedy = `write them with: npx petl teacher RUN --name ${name}`;
  if (!existsSync(path)) throw new UserError(`there are no texts of a teacher ${path}: ${remedy}`);
  const content = readFileSync(path, 'utf8');
  if (!id.endsWith(`@${hashOf(content)}`))
    throw new UserError(`${path} is not what ${id} names: bring it back, or ${remedy}`);
  const found = readText(content, schema);
  if (found.kind === 'fault') throw new UserError(`${path} ${found.reason}: ${remedy}`);
  return found.value;
}

const known = new Map<string, GenerationTask>();

/**
 * The task with the teacher's texts as training targets, in a run that takes so many training examples.
 * @throws UserError where they were written for another task; when loaded, for other or fewer examples
 */
export function distilledTask(task: Task, id: string, examples: number | 'all'): GenerationTask {
  const key = JSON.stringify([task.name, id, examples]);
  const made = known.get(key) ?? distilled(writtenTask(task), id, examples);
  known.set(key, made);
  return made;
}

function distilled(task: GenerationTask, id: string, examples: number | 'all'): GenerationTask {
  const texts = readTeacher(id);
  if (texts.task !== task.name)
    throw new UserError(`the texts of teacher ${id} are of task ${texts.task}, not of ${task.name}: name another`);
  return { ...task, print: null, load: async () => taught(await examplesOf(task), { id, examples, ...texts }) };
}

function taught(
  data: TaskData<GenerationExample>,
  { id, examples, inputs, texts }: TeacherTexts & { readonly id: string; readonly examples: number | 'all' },
): TaskData<GenerationExample> {
  const read = data.train.slice(0, inputs.count);
  if (printOf(read).hash !== inputs.hash || texts.length !== read.length)
    throw new UserError(`teacher ${id} wrote for other training examples than those here: let it write again`);
  const asked = Math.min(examples === 'all' ? Infinity : examples, data.train.length);
  if (asked > read.length)
    throw new UserError(
      `teacher ${id} wrote for ${read.length} training examples, not for ${asked}: set training.examples to at most ${read.length}`,
    );
  return { ...data, train: read.map((example, i) => ({ ...example, target: texts[i] ?? example.target })) };
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}
