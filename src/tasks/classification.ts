import { UserError } from '../errors';
import type { DataPrint } from './split';
import { metricNamed } from './metrics/metric';
import { classificationData, type ClassificationColumns, type Source } from './own/examples';
import type { ClassificationExample, Task, TaskData } from './task';

export type { ClassificationExample } from './task';

/** A task whose answer is one of a few labels. */
export interface ClassificationTask extends Task<ClassificationExample> {
  readonly kind: 'classification';
  /** At least two, in the order of the head's outputs. */
  readonly labels: readonly string[];
}

interface Named {
  readonly name: string;
  readonly about?: string;
  readonly packages?: readonly string[];
  readonly print?: DataPrint | null;
  /** `accuracy`, or one over the whole set: `f1`, `macro-f1`, `matthews`. */
  readonly metric?: string;
}

/** A task whose examples a function makes. */
export interface LoadedLabels extends Named {
  readonly labels: readonly string[];
  readonly load: () => Promise<TaskData<ClassificationExample>>;
}

/** A task of own data: where they are, and the columns that hold the text, a second text, and the label. */
export type OwnLabels = Named & Source & ClassificationColumns;

/**
 * A task of telling labels: of the function `load`, or of own data, `rows` or a `file` with named columns. Own data are
 * read and checked at once; a fault is a UserError with row and column.
 */
export function classificationTask(fields: LoadedLabels | OwnLabels): ClassificationTask {
  const { labels, load, own } = 'load' in fields ? { ...fields, own: null } : ownLabels(fields);
  const { name, about = `${name}, from your own data`, packages = [], print = null, metric = 'accuracy' } = fields;
  if (labels.length < 2)
    throw new UserError(`task "${name}" has ${labels.length} labels (${labels.join()}): give at least two`);
  metricNamed(metric);
  return {
    kind: 'classification',
    name,
    about,
    packages,
    metric,
    labels,
    outputs: labels.length,
    writes: null,
    print,
    own,
    load,
  };
}

function ownLabels(fields: OwnLabels): Pick<ClassificationTask, 'labels' | 'load' | 'own'> {
  const { labels, data, hash, leaked } = classificationData(fields, fields);
  return { labels, own: { hash, leaked, data }, load: () => Promise.resolve(data) };
}

/** The task with its labels; one of another kind is a UserError. */
export function labelledTask(task: Task): ClassificationTask {
  if (task.kind === 'classification') return task as ClassificationTask;
  throw new UserError(`task "${task.name}" has no labels: choose a classification task such as sentiment`);
}
