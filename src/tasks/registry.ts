import { UserError } from '../errors';
import { shippedTasks } from './shipped/index';
import type { Task } from './task';

/** The task called `name`; an unknown name is a UserError that lists the known ones. */
export function taskNamed(name: string): Task {
  const task = shippedTasks.find((candidate) => candidate.name === name);
  if (task) return task;
  throw new UserError(`unknown task "${name}": choose from ${shippedTasks.map((known) => known.name).join(', ')}`);
}
