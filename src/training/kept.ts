import { join } from 'node:path';
import * as v from 'valibot';
import { makeFolder, writeWhole } from '../files';
import { anyObject, readJson, real, whole, type Schema } from '../json';
import type { ModelShape } from '../model/shape';
import { saveDelta, type BaseModel } from '../petl/bank/store';
import type { Method } from '../petl/design/types';
import type { TrainingJob } from './job';
import { kindNamed } from './kinds/index';
import type { TaskNote } from './kinds/kind';
import type { Own } from './learner';

/** What stands beside a kept delta so that it can answer: the task without its examples, and how texts are read. */
export interface KeptNote {
  readonly format: typeof format;
  readonly task: TaskNote;
  /** As the run had them: prediction reads texts as training did. */
  readonly training: TrainingJob['training'];
}

const format = 'petl-lab task 1';
export const noteFile = 'task.json';

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
    v.check(({ kind, name }) => typeof kind === 'string' && typeof name === 'string', 'names no kind and name'),
  ),
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
}

/** Writes what was trained, its head and its note into a folder that `openAdapter`, `loadDelta` and `--adapter` read. */
export function keepTrained(
  folder: string,
  { model, task, training }: TrainingJob,
  { method, shape, model: hash, encoder }: Trained,
  { variables, constants }: Own,
): void {
  const part = (isHead: boolean): Own['variables'] =>
    Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith('head.') === isHead));
  const note: KeptNote = { format, task: kindNamed(task.kind).note(task), training };
  makeFolder(folder, (place) => {
    saveDelta(
      place,
      { method, shape, variables: part(false), constants },
      { name: model, hash, ...(encoder && { encoder }) },
      part(true),
    );
    writeWhole(join(place, noteFile), `${JSON.stringify(note, null, 2)}\n`);
  });
}

/** The note of a kept adapter; a UserError where the folder has none or it is damaged. */
export function readNote(folder: string): KeptNote {
  return readJson(
    join(folder, noteFile),
    schema,
    'only an adapter that was kept with its task can answer: train it with a study, or with petl adapter train',
  );
}
