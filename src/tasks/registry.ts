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
