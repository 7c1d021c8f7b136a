import type { Precision } from '../engine/program';
import type { Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { noAdaptation, type Adaptation } from '../model/generation/reader';
import { openModel, type Model } from '../model/open';
import { adaptationOf } from '../petl/forms/adaptation';
import { importForeign, isForeign } from '../petl/formats/foreign';
import { loadDelta } from '../petl/bank/store';
import { textOf, type Input } from './command';

/** A model of the command line, with the adapter on it where one is named. */
export interface Adapted {
  readonly model: Model;
  readonly adaptation: Adaptation;
  /** `head.weight`, `head.bias` of a classifier; empty without. */
  readonly head: Tensors;
}

/** @param held how the model's matrices are held */
export async function openAdapted(input: Input, held: Precision = 'float32'): Promise<Adapted> {
  const model = await openModel(textOf(input, 'model'), held, reportDownload);
  const folder = input.values['adapter'];
  if (typeof folder !== 'string') return { model, adaptation: noAdaptation, head: {} };
  try {
    if (isForeign(folder)) {
      const { delta, head, report } = importForeign(folder, model.backbone);
      for (const note of report.notes) console.error(`petl: ${folder}: ${note}`);
      return { model, adaptation: adaptationOf(delta), head };
    }
    const { delta, head } = loadDelta(folder, model.backbone.shape, { hash: await model.backbone.hash() });
    return { model, adaptation: adaptationOf(delta), head };
  } catch (error) {
    model.backbone.dispose();
    throw error;
  }
}

/** One line a file on standard error, rewritten as bytes come where that is a terminal. */
function reportDownload(file: string, bytes: number, total: number): void {
  const line = `${file}: ${(bytes / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
  if (bytes >= total) process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${line}\n`);
  else if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
}

/** Rows of whole numbers from an option such as --input-ids '[[1,2,3]]'; undefined where it is left out. */
export function rowsOf({ values }: Input, name: string): readonly (readonly number[])[] | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const rows = parsed(String(text));
  const good =
    Array.isArray(rows) &&
    rows.length > 0 &&
    rows.every((row) => Array.isArray(row) && row.length > 0 && row.every((n) => Number.isInteger(n) && n >= 0));
  if (!good) throw new UserError(`--${name} must be rows of whole numbers such as '[[1,2,3]]', not "${String(text)}"`);
  return rows as number[][];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
