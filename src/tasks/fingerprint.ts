import { createHash } from 'node:crypto';
import type { TaskData } from './task';

/** First 16 hexadecimal digits of SHA-256 over every example in order: tells in a record which data a run saw, also where a source is not pinned. */
export function fingerprint(data: TaskData): string {
  const hash = createHash('sha256');
  for (const split of ['train', 'validation', 'test'] as const) {
    hash.update(`${split}\n`);
    for (const example of data[split]) hash.update(`${JSON.stringify(example)}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
