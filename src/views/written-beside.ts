import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { readJson, whole, type Schema } from '../json';

/** What another library wrote with a model, and under which settings. */
export interface WrittenBeside {
  readonly prompt: readonly number[];
  readonly tokens: readonly number[];
  readonly settings: { readonly maxNewTokens: number; readonly noRepeatNgram: number };
}

const rows = v.array(v.array(whole));
interface Generation {
  readonly name: string;
  readonly adapter: boolean;
  readonly ids: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
  readonly tokens: readonly (readonly number[])[];
  readonly maxNewTokens: number;
  readonly noRepeatNgram: number;
}
const generation: Schema<Generation> = v.object({
  name: v.string(),
  adapter: v.boolean(),
  ids: rows,
  mask: rows,
  tokens: rows,
  maxNewTokens: whole,
  noRepeatNgram: whole,
});
const schema: Schema<{ readonly generations: readonly Generation[] }> = v.object({ generations: v.array(generation) });

/**
 * One text that transformers wrote with a model, from the `expected.json` that `scripts/fixtures/tiny.py` put beside it.
 * @param name of the generation, such as `greedy without repeats` @param row of its prompts, from 0
 * @throws UserError where the file has no such generation or row
 */
export function writtenBeside(folder: string, name: string, row: number): WrittenBeside {
  const path = join(folder, 'expected.json');
  const { generations } = readJson(path, schema, 'name the folder of a model that scripts/fixtures/tiny.py made');
  const found = generations.find((generation) => generation.name === name && !generation.adapter);
  const [ids, mask, tokens] = [found?.ids[row], found?.mask[row], found?.tokens[row]];
  if (found === undefined || ids === undefined || mask === undefined || tokens === undefined)
    throw new UserError(
      `${path} has no row ${row} of "${name}": choose from ${generations.map((one) => one.name).join(', ')}`,
    );
  const { maxNewTokens, noRepeatNgram } = found;
  return { prompt: ids.filter((_, t) => mask[t] === 1), tokens, settings: { maxNewTokens, noRepeatNgram } };
}
