import { UserError } from '../../errors';
import type { TaskData } from '../../tasks/task';

/** Refuses a task without training examples, and examples without a text. */
export function demandText(name: string, data: TaskData): void {
  if (data.train.length === 0) throw new UserError(`task "${name}" has no training examples: give it some`);
  const empty = Object.values(data)
    .flat()
    .find(({ text, target = 'x' }) => text.trim() === '' || target.trim() === '');
  if (empty !== undefined)
    throw new UserError(`task "${name}", example ${empty.id}: a text is empty: leave the example out`);
}

/** How a task that only answers loads: not at all. */
export function withoutExamples(name: string): () => Promise<never> {
  return () => Promise.reject(new UserError(`task "${name}" is here without its examples`));
}
