import { UserError } from '../errors';
import type { Task } from '../tasks/task';
import { kindNamed } from './kinds/index';
import type { Reading } from './kinds/kind';

/** Answers at most so many texts in one call: their tokens stand in memory together. */
const most = 100_000;

/** Whether a task reads pairs of texts, or single ones; null where that is not known. */
export function readsPairs(task: Task): boolean | null {
  return kindNamed(task.kind).pairs ?? task.pairs ?? null;
}

/**
 * Refuses what is no question to its task: an answer to half of a pair, or to a text with another one behind it that the
 * task never learned to read, is another answer.
 * @throws UserError on no texts, too many, an empty one, and on one text where a task reads two or two where it reads one
 */
export function demandReadings(readings: readonly Reading[], taskOf: (at: number) => Task): void {
  if (readings.length === 0) throw new UserError('there is nothing to predict: give at least one text');
  if (readings.length > most)
    throw new UserError(`${readings.length} texts are more than ${most} at once: predict them in parts`);
  readings.forEach(({ text, pair = null }, i) => {
    if (typeof text !== 'string' || text.trim() === '')
      throw new UserError(`text ${i + 1} is empty: leave it out or fill it`);
    if (pair !== null && (typeof pair !== 'string' || pair.trim() === ''))
      throw new UserError(`the second text of text ${i + 1} is empty: leave it out or fill it`);
    const task = taskOf(i);
    const reads = readsPairs(task);
    if (reads === null || reads === (pair !== null)) return;
    throw new UserError(
      reads
        ? `task "${task.name}" reads two texts, and text ${i + 1} has no second one: give it as pair (at the shell --pair)`
        : `task "${task.name}" reads one text, and text ${i + 1} comes with a second one: leave the pair out`,
    );
  });
}
