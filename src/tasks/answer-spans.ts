import { UserError } from '../errors';
import { spanData, type SpanColumns, type Source } from './own/examples';
import type { DataPrint } from './split';
import type { SpanExample, Task, TaskData } from './task';

export type { Answer, SpanExample } from './task';

const metrics = ['span-f1', 'exact-match'] as const;

/** A task whose answer is a part of a text that is read with a question: extractive question answering. */
export interface SpanTask extends Task<SpanExample> {
  readonly kind: 'span';
  /** F1 over words, the usual one, or whether the answer is one of the right ones; both as SQuAD scores them. */
  readonly metric: (typeof metrics)[number];
}

interface Named {
  readonly name: string;
  readonly about?: string;
  readonly packages?: readonly string[];
  readonly print?: DataPrint | null;
  readonly metric?: SpanTask['metric'];
}

/** A task whose examples a function makes. */
export interface LoadedSpans extends Named {
  readonly load: () => Promise<TaskData<SpanExample>>;
}

/** A task of own data: where they are, and the columns. */
export type OwnSpans = Named & Source & SpanColumns;

/**
 * A task of finding the answer to a question in a text: of the function `load`, or of own data, `rows` or a `file` with
 * named columns. Own data are read and checked at once; a fault is a UserError with row and column.
 */
export function spanTask(fields: LoadedSpans | OwnSpans): SpanTask {
  const { load, own } = 'load' in fields ? { ...fields, own: null } : ownSpans(fields);
  const { name, about = `${name}, from your own data`, packages = [], print = null, metric = 'span-f1' } = fields;
  if (!metrics.includes(metric))
    throw new UserError(`task "${name}" is scored by ${metric}: choose from ${metrics.join(', ')}`);
  return { kind: 'span', name, about, packages, metric, outputs: 2, writes: null, print, own, load };
}

function ownSpans(fields: OwnSpans): Pick<SpanTask, 'load' | 'own'> {
  const { data, hash, leaked } = spanData(fields, fields);
  return { own: { hash, leaked, data }, load: () => Promise.resolve(data) };
}

/** The task with its answers; one of another kind is a UserError. */
export function foundTask(task: Task): SpanTask {
  if (task.kind === 'span') return task as SpanTask;
  throw new UserError(`task "${task.name}" finds no answers in texts: choose one such as squad-shifts`);
}
