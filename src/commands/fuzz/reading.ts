import { UserError } from '../../errors';
import type { Outcome, Read } from './target';

/** Runs a reader: its value, the line for the user, or the trail of a fault. */
export async function reading<T>(read: () => T | Promise<T>): Promise<Read<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof UserError) return oneLine(error.message);
    return { stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** A message of many lines, or a trail in one, is no line for the user. */
function oneLine(message: string): Read<never> {
  return /\n\s+at /.test(message) ? { stack: message } : { refused: message };
}

/** @param same whether the value is what the valid input gives @param matters whether the change should show */
export function judged<T>(
  read: Read<T>,
  what: string,
  { same, matters }: { readonly same: (value: T) => boolean; readonly matters: boolean },
): Outcome {
  if ('stack' in read) return { kind: 'stack', detail: `${what}: ${read.stack}` };
  if ('refused' in read) return { kind: 'refused', detail: `${what}: ${read.refused}` };
  if (!same(read.value)) return { kind: 'changed', detail: what };
  return { kind: matters ? 'silent' : 'neutral', detail: what };
}
