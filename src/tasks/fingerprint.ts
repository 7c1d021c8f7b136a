import { createHash } from 'node:crypto';
import type { DataPrint, SplitPrint } from './split';
import type { Example, TaskData } from './task';

export type { DataPrint, SplitPrint };

export function dataPrint({ train, validation, test }: TaskData): DataPrint {
  return { train: printOf(train), validation: printOf(validation), test: printOf(test) };
}

/** The print of some examples: the first 16 hexadecimal digits of SHA-256 over each. */
export function printOf(examples: readonly Example[]): SplitPrint {
  const hash = createHash('sha256');
  for (const example of examples) hash.update(`${JSON.stringify(example)}\n`);
  return { count: examples.length, hash: hash.digest('hex').slice(0, 16) };
}
