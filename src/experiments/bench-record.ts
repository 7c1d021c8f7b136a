import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, real, whole, type Schema } from '../json';
import { resultsFolder } from './store/spec';

export interface Side {
  readonly side: 'bank' | 'models' | 'loads';
  readonly firstSeconds: number;
  readonly againSeconds: number;
  readonly memoryMb: number;
}
/** What `node bench/voices.mjs` wrote. */
export interface VoicesBench {
  readonly tasks: number;
  readonly texts: number;
  readonly models: Readonly<
    Record<
      string,
      {
        readonly disk: { readonly adaptersBytes: number; readonly wholeBytes: number };
        /** Texts that every side wrote alike. */
        readonly equal: number;
        readonly sides: readonly Side[];
      }
    >
  >;
}
const voices: Schema<VoicesBench> = v.looseObject({
  tasks: whole,
  texts: whole,
  models: v.record(
    v.string(),
    v.looseObject({
      disk: v.strictObject({ adaptersBytes: whole, wholeBytes: whole }),
      equal: whole,
      sides: v.array(
        v.strictObject({
          side: v.picklist(['bank', 'models', 'loads']),
          firstSeconds: real,
          againSeconds: real,
          memoryMb: real,
        }),
      ),
    }),
  ),
});

/** What `node bench/voices.mjs` measured; undefined where it never ran. */
export function readVoicesBench(results: string = resultsFolder()): VoicesBench | undefined {
  const path = join(results, 'bench', 'voices.json');
  return existsSync(path) ? readJson(path, voices, 'measure again with node bench/voices.mjs') : undefined;
}

/** What findings ask of what `node bench/bank.mjs` wrote: bytes of a frozen model, and of adapters for `tasks`. */
export interface BankBench {
  readonly method: string;
  readonly tasks: number;
  readonly bytes: { readonly model: number; readonly tasks: number };
}
const bank: Schema<BankBench> = v.looseObject({
  method: v.string(),
  tasks: whole,
  bytes: v.looseObject({ model: whole, tasks: whole }),
});

/** What `node bench/bank.mjs` measured; undefined where it never ran. */
export function readBankBench(results: string = resultsFolder()): BankBench | undefined {
  const path = join(results, 'bench', 'bank.json');
  return existsSync(path) ? readJson(path, bank, 'measure again with node bench/bank.mjs') : undefined;
}
