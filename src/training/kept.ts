import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { makeFolder, writeWhole } from '../files';
import { anyObject, readSealed, real, whole, type Schema } from '../json';
import type { ModelShape } from '../model/shape';
import { readDeltaRecord, saveDelta, type BaseModel, type DeltaRecord } from '../petl/bank/store';
import type { Method } from '../petl/design/types';
import { sealed } from '../seal';
import { pairsOfShipped } from '../tasks/registry';
import type { Task } from '../tasks/task';
import type { TrainingJob } from './job';
import { noteFile } from './kept-files';
import { kindNamed } from './kinds/index';
import type { TaskNote } from './kinds/kind';
import type { Own } from './learner';

export { copyKept, noteFile } from './kept-files';

/** What stands beside a kept delta so that it can answer: the task without its examples, and how texts are read. */
export interface KeptNote {
  readonly format: typeof format;
  readonly task: TaskNote;
  /** Whether it learned from pairs of texts; left out where its kind says so, or it learned from both. */
  readonly pairs?: boolean;
  /** As the run had them: prediction reads texts as training did. */
  readonly training: TrainingJob['training'];
}

const format = 'petl-lab task 1';

const target = v.strictObject({
  maxLength: whole,
  decoded: v.union([whole, v.literal('all')]),
  beams: whole,
  lengthPenalty: v.number(),
  minLength: whole,
  noRepeatNgram: whole,
});
const schema = v.strictObject({
  format: v.literal(format),
  task: v.pipe(
    anyObject,
    v.check(
      ({ kind, name }) => typeof kind === 'string' && typeof name === 'string',
      'an object that names kind and name',
    ),
  ),
  pairs: v.optional(v.boolean()),
  training: v.looseObject({
    maxLength: v.pipe(whole, v.minValue(1)),
    batch: v.pipe(whole, v.minValue(1)),
    learningRate: real,
    precision: v.picklist(['float32', 'bfloat16']),
    target: v.nullable(target),
  }),
}) as unknown as Schema<KeptNote>;

/** Which method was trained on which model: its shape, and the hash of its frozen weights. */
interface Trained {
  readonly method: Method;
  readonly shape: ModelShape;
  readonly model: string;
  readonly encoder?: BaseModel;
  /** Whether its examples were pairs of texts; as the task says where left out, null where they were of both sorts. */
  readonly pairs?: boolean | null;
}

/** Writes what was trained, its head and its note into a folder that `openAdapter`, `loadDelta` and `--adapter` read. */
export function keepTrained(
  folder: string,
  { model, task, training }: TrainingJob,
  { method, shape, model: hash, encoder, pairs = task.pairs ?? null }: Trained,
  { variables, constants }: Own,
): void {
  const part = (isHead: boolean): Own['variables'] =>
    Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith('head.') === isHead));
  const kind = kindNamed(task.kind);
  const said = kind.pairs === null && pairs !== null ? { pairs } : {};
  const note: KeptNote = { format, task: kind.note(task), ...said, training };
  makeFolder(folder, (place) => {
    saveDelta(
      place,
      { method, shape, variables: part(false), constants },
      { name: model, hash, ...(encoder && { encoder }) },
      part(true),
    );
    writeWhole(join(place, noteFile), sealed(`${JSON.stringify(note, null, 2)}\n`));
  });
}

/** The note of a kept adapter; a UserError where the folder has none or it is damaged. */
export function readNote(folder: string): KeptNote {
  return readSealed(
    join(folder, noteFile),
    schema,
    'only an adapter that was kept with its task can answer: train it with a study, or with petl adapter train',
  );
}

/** A kept adapter but for its tensors. */
export interface Kept {
  readonly record: DeltaRecord;
  readonly note: KeptNote;
  /** Without examples. */
  readonly task: Task;
}

/** @throws UserError where the record or the note is missing or damaged, or they are not of one adapter */
export function readKept(folder: string): Kept {
  const record = readDeltaRecord(folder);
  const note = readNote(folder);
  const path = join(folder, noteFile);
  const task = taskOf(path, note);
  if (task.outputs === record.classes) return { record, note, task };
  throw new UserError(
    `${path}: task "${task.name}" has ${task.outputs} outputs and the head beside it ${record.classes}: copy the whole folder again`,
  );
}

function taskOf(path: string, { task: note, pairs }: KeptNote): Task {
  try {
    const kind = kindNamed(note.kind);
    const task = kind.noted(note);
    const known = kind.pairs === null ? (pairs ?? pairsOfShipped(task)) : undefined;
    return { ...task, ...(known !== undefined && { pairs: known }) };
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${path}: ${error.message}`) : error;
  }
}

/** What a kept adapter is asked with. @param model the base by its name here */
export function askingJob({ record, note, task }: Kept, model: string): TrainingJob {
  const { method } = record;
  return { method, model, task, training: { ...note.training, dropout: 0 }, seed: 1, engine: 'compiled' };
}
