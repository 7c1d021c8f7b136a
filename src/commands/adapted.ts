import type { Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { noAdaptation, type Adaptation } from '../model/generation/reader';
import { openModel, type Model } from '../model/open';
import { adaptationOf } from '../petl/adaptation';
import { loadDelta } from '../petl/store';
import { textOf, type Input } from './command';

/** A model of the command line, with the adapter on it where one is named. */
export interface Adapted {
  readonly model: Model;
  readonly adaptation: Adaptation;
  /** `head.weight`, `head.bias` of a classifier; empty without. */
  readonly head: Tensors;
}

export async function openAdapted(input: Input): Promise<Adapted> {
  const model = await openModel(textOf(input, 'model'));
  const folder = input.values['adapter'];
  if (typeof folder !== 'string') return { model, adaptation: noAdaptation, head: {} };
  try {
    const { delta, head } = loadDelta(folder, model.backbone.shape, { hash: await model.backbone.hash() });
    return { model, adaptation: adaptationOf(delta), head };
  } catch (error) {
    model.backbone.dispose();
    throw error;
  }
}

/** Rows of whole numbers from an option such as --input-ids '[[1,2,3]]'; undefined where it is left out. */
export function rowsOf({ values }: Input, name: string): readonly (readonly number[])[] | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const rows = parsed(String(text));
  const good = Array.isArray(rows) && rows.length > 0 && rows.every((row) => Array.isArray(row) && row.length > 0 && row.every((n) => Number.isInteger(n) && n >= 0));
  if (!good) throw new UserError(`--${name} must be rows of whole numbers such as '[[1,2,3]]', not "${String(text)}"`);
  return rows as number[][];
}

function parsed(text: string): unknown {
  try { return JSON.parse(text) as unknown; } catch { return undefined; }
}
