import { UserError } from '../errors';
import { isOwnName, ownTaskNamed } from './own/stored';
import { shippedTasks } from './shipped/index';
import type { Task } from './task';

/**
 * The task called `name`, of own data where the name ends in a hash; an unknown name is a UserError that lists the known
 * ones.
 */
export function taskNamed(name: string): Task {
  if (isOwnName(name)) return ownTaskNamed(name);
  const task = shippedTasks.find((candidate) => candidate.name === name);
  if (task) return task;
  throw new UserError(`unknown task "${name}": choose from ${shippedTasks.map((known) => known.name).join(', ')}`);
}

/**
 * Whether a task that is known by its name alone reads pairs of texts: undefined where none of this name, kind and
 * labels is shipped.
 */
export function pairsOfShipped(task: Task): boolean | undefined {
  const found = shippedTasks.find(({ name }) => name === task.name);
  return found !== undefined && found.kind === task.kind && labelsOf(found) === labelsOf(task)
    ? (found.pairs ?? false)
    : undefined;
}

function labelsOf(task: Task): string | undefined {
  return 'labels' in task ? JSON.stringify(task.labels) : undefined;
}
