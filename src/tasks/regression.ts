import { UserError } from '../errors';
import { metricNamed } from './metrics/metric';
import { regressionData, type RegressionColumns, type Source } from './own/examples';
import type { DataPrint } from './split';
import type { RegressionExample, Task, TaskData } from './task';

export type { RegressionExample } from './task';

/** A task whose answer is a number. */
export interface RegressionTask extends Task<RegressionExample> {
  readonly kind: 'regression';
  /** Spearman's rank correlation, the usual one, or Pearson's. */
  readonly metric: 'spearman' | 'pearson';
  /** Lowest and highest value: the head learns them as -1 and 1. An answer may lie outside. */
  readonly range: Range;
}

export type Range = readonly [low: number, high: number];

interface Named {
  readonly name: string;
  readonly about?: string;
  readonly packages?: readonly string[];
  readonly print?: DataPrint | null;
  readonly metric?: RegressionTask['metric'];
  /** Whether every example is a pair of texts; left out where only the examples tell. */
  readonly pairs?: boolean;
}

/** A task whose examples a function makes. */
export interface LoadedNumbers extends Named {
  readonly range: Range;
  readonly load: () => Promise<TaskData<RegressionExample>>;
}

/** A task of own data; the range is that of the training examples where left out. */
export type OwnNumbers = Named & Source & RegressionColumns & { readonly range?: Range };

/**
 * A task of telling a number of a text, or of a pair of texts: of the function `load`, or of own data, `rows` or a
 * `file` with named columns. Own data are read and checked at once; a fault is a UserError with row and column.
 */
export function regressionTask(fields: LoadedNumbers | OwnNumbers): RegressionTask {
  const { range, load, own, pairs } = 'load' in fields ? { ...fields, own: null } : ownNumbers(fields);
  const { name, about = `${name}, from your own data`, packages = [], print = null, metric = 'spearman' } = fields;
  const [low, high] = range;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high))
    throw new UserError(`task "${name}" has the range ${low} to ${high}: give the lowest and the highest value`);
  if (metricNamed(metric).shares === undefined)
    throw new UserError(`task "${name}" is scored by ${metric}: choose spearman or pearson`);
  return {
    ...{ kind: 'regression', name, about, packages, metric, range, outputs: 1, writes: null, print, own, load },
    ...(pairs !== undefined && { pairs }),
  };
}

function ownNumbers(fields: OwnNumbers): Pick<RegressionTask, 'range' | 'load' | 'own' | 'pairs'> {
  const { range, data, hash, leaked } = regressionData(fields, fields);
  const pairs = fields.pair !== undefined;
  return { range: fields.range ?? range, pairs, own: { hash, leaked, data }, load: () => Promise.resolve(data) };
}
