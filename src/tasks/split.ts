import { createHash } from 'node:crypto';

export type Split = 'train' | 'validation' | 'test';

/** How many examples of a split were used, and which: 16 hexadecimal digits over their ids and texts in order. */
export interface SplitPrint {
  readonly count: number;
  readonly hash: string;
}

/** Tells in a record which data a run saw, also where a source is not pinned. */
export type DataPrint = Readonly<Record<Split, SplitPrint>>;

/**
 * The one division into splits, shared by every task and by pretraining: the first 4 bytes of SHA-256 over the UTF-8
 * group key, as a
 * big-endian number modulo 10: 0 and 1 test, 2 validation, the rest training. Everything derived from one group (a text
 * and its
 * duplicates, a chapter in all versions and languages, a source package) must pass the same key, so that no group
 * crosses splits.
 */
export function splitOf(groupKey: string): Split {
  const bucket = createHash('sha256').update(groupKey, 'utf8').digest().readUInt32BE(0) % 10;
  if (bucket <= 1) return 'test';
  return bucket === 2 ? 'validation' : 'train';
}

/** SHA-256 in hexadecimal: an order of keys that means nothing and is the same everywhere. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex');
}
