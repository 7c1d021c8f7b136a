import { UserError } from '../errors';

/** @throws UserError on fewer labels than `least`, an empty one, or one twice: answers are told by their names */
export function demandLabels(task: string, labels: readonly string[], least: number): void {
  if (labels.length < least)
    throw new UserError(
      `task "${task}" has ${labels.length} labels (${labels.join()}): give at least ${least === 1 ? 'one' : 'two'}`,
    );
  const empty = labels.findIndex((label) => label.trim() === '');
  if (empty >= 0) throw new UserError(`task "${task}": label ${empty + 1} of ${labels.length} is empty: name it`);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined) throw new UserError(`task "${task}" has the label "${twice}" twice: give each its own name`);
}
