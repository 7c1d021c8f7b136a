import { UserError } from '../errors';
import { multiLabelData, type MultiLabelColumns, type Source } from './own/examples';
import { demandLabels } from './labels';
import type { DataPrint } from './split';
import type { MultiLabelExample, Task, TaskData } from './task';

export type { MultiLabelExample } from './task';

const metrics = ['micro-f1', 'exact-match', 'accuracy'] as const;

/** A task whose answer is any number of labels, none among them. */
export interface MultiLabelTask extends Task<MultiLabelExample> {
  readonly kind: 'multi-label';
  /** F1 over all decisions, the usual one; whether all labels of an example are right; or the share of right decisions. */
  readonly metric: (typeof metrics)[number];
  /** In the order of the head's outputs. */
  readonly labels: readonly string[];
}

interface Named {
  readonly name: string;
  readonly about?: string;
  readonly packages?: readonly string[];
  readonly print?: DataPrint | null;
  readonly metric?: MultiLabelTask['metric'];
  /** Whether every example is a pair of texts; left out where only the examples tell. */
  readonly pairs?: boolean;
}

/** A task whose examples a function makes. */
export interface LoadedManyLabels extends Named {
  readonly labels: readonly string[];
  readonly load: () => Promise<TaskData<MultiLabelExample>>;
}

/** A task of own data: where they are, and the columns. */
export type OwnManyLabels = Named & Source & MultiLabelColumns;

/**
 * A task of telling any of several labels: of the function `load`, or of own data, `rows` or a `file` with named
 * columns. Own data are read and checked at once; a fault is a UserError with row and column.
 */
export function multiLabelTask(fields: LoadedManyLabels | OwnManyLabels): MultiLabelTask {
  const { labels, load, own, pairs } = 'load' in fields ? { ...fields, own: null } : ownManyLabels(fields);
  const { name, about = `${name}, from your own data`, packages = [], print = null, metric = 'micro-f1' } = fields;
  demandLabels(name, labels, 1);
  if (!metrics.includes(metric))
    throw new UserError(`task "${name}" is scored by ${metric}: choose from ${metrics.join(', ')}`);
  const outputs = labels.length;
  return {
    ...{ kind: 'multi-label', name, about, packages, metric, labels, outputs, writes: null, print, own, load },
    ...(pairs !== undefined && { pairs }),
  };
}

function ownManyLabels(fields: OwnManyLabels): Pick<MultiLabelTask, 'labels' | 'load' | 'own' | 'pairs'> {
  const { labels, data, hash, leaked } = multiLabelData(fields, fields);
  return { labels, pairs: fields.pair !== undefined, own: { hash, leaked, data }, load: () => Promise.resolve(data) };
}
