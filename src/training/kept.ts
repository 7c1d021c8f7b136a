import { saveDelta } from '../petl/bank/store';
import type { TrainingJob } from './job';
import type { Own } from './learner';
import type { OpenRun } from './session';

/** Writes what was trained, and its head, into a folder that `loadDelta` and `--adapter` read. */
export function keepTrained(
  folder: string,
  { model }: TrainingJob,
  { method, shape, model: hash }: OpenRun,
  { variables, constants }: Own,
): void {
  const part = (isHead: boolean): Own['variables'] =>
    Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith('head.') === isHead));
  saveDelta(folder, { method, shape, variables: part(false), constants }, { name: model, hash }, part(true));
}
