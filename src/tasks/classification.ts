import { UserError } from '../errors';
import { demandLabels } from './labels';
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
  /** Whether every example is a pair of texts; left out where only the examples tell. */
  readonly pairs?: boolean;
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
  const { labels, load, own, pairs } = 'load' in fields ? { ...fields, own: null } : ownLabels(fields);
  const { name, about = `${name}, from your own data`, packages = [], print = null, metric = 'accuracy' } = fields;
  demandLabels(name, labels, 2);
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
    ...(pairs !== undefined && { pairs }),
    print,
    own,
    load,
  };
}

function ownLabels(fields: OwnLabels): Pick<ClassificationTask, 'labels' | 'load' | 'own' | 'pairs'> {
  const { labels, data, hash, leaked } = classificationData(fields, fields);
  return { labels, pairs: fields.pair !== undefined, own: { hash, leaked, data }, load: () => Promise.resolve(data) };
}

/** The task with its labels; one of another kind is a UserError. */
export function labelledTask(task: Task): ClassificationTask {
  if (task.kind === 'classification') return task as ClassificationTask;
  throw new UserError(`task "${task.name}" has no labels: choose a classification task such as sentiment`);
}
