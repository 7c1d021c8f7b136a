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
import type { GenerationExample, Task } from './task';

/*
 * Sentence-level distillation (Kim and Rush 2016; Lin et al. 2020, released code): what a fully fine-tuned model wrote
 * for the inputs of a task stands in place of their targets, in training and in validation: a rate that is chosen by the
 * likelihood of references is the one at which a student has learned least of its teacher. Test keeps its own, and
 * nothing is ever written for it. The texts stand in data/teachers/<name>.json; a spec names them by name and hash.
 */

export interface TeacherTexts {
  readonly task: string;
  readonly model: string;
  readonly method: string;
  /** Id of the run that the teacher is, and its score on test. */
  readonly run: string;
  readonly score: number;
  readonly train: Taught;
  readonly validation: Taught;
}

/** What was written for the first examples of a split. */
export interface Taught {
  readonly inputs: SplitPrint;
  /** One for each; null where what it wrote had no end or no words: that example keeps its own target. */
  readonly texts: readonly (string | null)[];
}

const taughtSchema: Schema<Taught> = v.strictObject({
  inputs: v.strictObject({ count: v.pipe(whole, v.minValue(1)), hash: v.string() }),
  texts: v.array(v.nullable(v.pipe(v.string(), v.nonEmpty()))),
});

const schema: Schema<TeacherTexts> = v.strictObject({
  task: v.string(),
  model: v.string(),
  method: v.string(),
  run: v.string(),
  score: real,
  train: taughtSchema,
  validation: taughtSchema,
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
export function writeTeacher(name: string, texts: TeacherTexts): string {
  return writeWhole(teacherPath(name), `${JSON.stringify(texts, null, 1)}\n`);
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
 * The task with the teacher's texts as targets but in test, in a run that takes so many training examples.
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
  return {
    ...{ ...task, print: null },
    load: async () => {
      const data = await examplesOf(task);
      const train = taught(id, data.train, texts.train);
      const asked = Math.min(examples === 'all' ? Infinity : examples, data.train.length);
      if (asked > train.length)
        throw new UserError(
          `teacher ${id} wrote for ${train.length} training examples, not for ${asked}: set training.examples to at most ${train.length}`,
        );
      return { ...data, train, validation: taught(id, data.validation, texts.validation) };
    },
  };
}

function taught(
  id: string,
  examples: readonly GenerationExample[],
  { inputs, texts }: Taught,
): readonly GenerationExample[] {
  const read = examples.slice(0, inputs.count);
  if (printOf(read).hash !== inputs.hash || texts.length !== read.length)
    throw new UserError(`teacher ${id} wrote for other examples than those here: let it write again`);
  return read.map((example, i) => ({ ...example, target: texts[i] ?? example.target }));
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}
