import type { Stored } from './read';
import type { RunRecord } from './record';

const named = new Set<string>();

/** Says on standard error, once a process for each path, that a file must not be believed, and what to do. */
export function nameDamage(path: string, reason: string, remedy: string): void {
  if (named.has(path)) return;
  named.add(path);
  console.error(`${path}: ${reason}; it ${remedy}`);
}

/** The record of a finished run, none for others: what reads runs goes on without a file that must not be believed. */
export function believed(stored: Stored): readonly RunRecord[] {
  if (stored.kind === 'finished') return [stored.record];
  if (stored.kind === 'damaged') nameDamage(stored.path, stored.reason, 'does not count, and its study runs it again');
  return [];
}
