import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { messageOf } from '../json';
import { lookAtRuns } from '../experiments/foresight/look';
import { specSchema } from '../experiments/store/schema';
import { printJson } from './command';

/** `petl look`: the specs of runs of one task from standard input, what their memory is made of to standard output. */
export async function lookCommand(): Promise<number> {
  const specs = messageOf(readFileSync(0, 'utf8'), v.array(specSchema));
  printJson(await lookAtRuns(specs));
  return 0;
}
