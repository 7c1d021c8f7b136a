import type { TaskData } from './task';

/** Whether these examples are pairs of texts, or single texts; null where they are of both sorts. */
export function pairsIn({ train, validation, test }: TaskData): boolean | null {
  const found = new Set([train, validation, test].flatMap((part) => part.map(({ pair }) => typeof pair === 'string')));
  const [one] = found;
  return found.size === 1 && one !== undefined ? one : null;
}
