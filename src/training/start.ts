import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { ModelShape } from '../model/shape';
import type { Delta } from '../petl/bank/delta';
import { loadDelta } from '../petl/bank/store';
import type { Task } from '../tasks/task';
import { noteFile, readNote } from './kept';
import { kindNamed } from './kinds/index';

/** What a run that goes on from a saved adapter starts with. */
export interface Start {
  readonly delta: Delta;
  /** Undefined where the adapter's head answers something else: the run begins a fresh one. */
  readonly head?: Tensors;
}

/**
 * Tensors of a saved adapter, which the caller owns. Its head goes along where it was trained for the same labels.
 * @throws UserError where it belongs to another base
 */
export function startFrom(
  folder: string,
  task: Task,
  base: { readonly shape: ModelShape; readonly hash: string; readonly encoder?: string },
): Start {
  const { delta, head } = loadDelta(folder, base.shape, base);
  if (answersAlike(folder, task)) return { delta, head };
  disposeTree(head);
  return { delta };
}

/** Whether what was kept beside the adapter speaks of the same kind of answers, whatever they are called together. */
function answersAlike(folder: string, task: Task): boolean {
  if (!existsSync(join(folder, noteFile))) return false;
  const answers = ({ name: _, metric: __, ...note }: Readonly<Record<string, unknown>>): string => JSON.stringify(note);
  return answers(readNote(folder).task) === answers(kindNamed(task.kind).note(task));
}
