import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { readJson, recordOf, whole, type Schema } from '../json';
import type { SplitPrint } from '../tasks/fingerprint';
import { resultsFolder } from './store/spec';

/** What of a task's test examples was answered before and after another task was learned: `results/in-turn/<task>.json`. */
export interface InTurnRecord {
  readonly task: string;
  /** The one that was learned after it. */
  readonly then: string;
  readonly model: string;
  readonly examples: SplitPrint;
  readonly seeds: readonly {
    readonly seed: number;
    /** By column, such as `full before`: a digit for each example, 1 where it is answered right. */
    readonly right: Readonly<Record<string, string>>;
  }[];
}

/** The record with another seed. @throws UserError where the two are not of the same tasks and test set */
export function joinedInTurn(before: InTurnRecord | undefined, more: InTurnRecord): InTurnRecord {
  if (before === undefined) return more;
  if (before.then !== more.then || before.examples.hash !== more.examples.hash || before.model !== more.model)
    throw new UserError(`${inTurnPath(more.task)} is of ${before.then} after other examples: remove it first`);
  const others = before.seeds.filter(({ seed }) => more.seeds.every((own) => own.seed !== seed));
  return { ...before, seeds: [...others, ...more.seeds].sort((a, b) => a.seed - b.seed) };
}

/** Share of right answers of a column, over all seeds. */
export function shareRight({ seeds }: Pick<InTurnRecord, 'seeds'>, column: string): number {
  const all = seeds.map(({ right }) => right[column] ?? '').join('');
  return all.split('1').length / all.length - 1 / all.length;
}

export function inTurnPath(task: string, results: string = resultsFolder()): string {
  return join(results, 'in-turn', `${task}.json`);
}

export function writeInTurn(record: InTurnRecord, results?: string): string {
  return writeWhole(inTurnPath(record.task, results), `${JSON.stringify(record)}\n`);
}

const schema: Schema<InTurnRecord> = v.strictObject({
  task: v.string(),
  then: v.string(),
  model: v.string(),
  examples: v.strictObject({ count: whole, hash: v.string() }),
  seeds: v.array(v.strictObject({ seed: whole, right: recordOf(v.pipe(v.string(), v.regex(/^[01]+$/))) })),
});

/** The record on disk; undefined where it was never made. @throws UserError where the file holds something else */
export function readInTurn(task: string, results?: string): InTurnRecord | undefined {
  const path = inTurnPath(task, results);
  return existsSync(path) ? readJson(path, schema, 'remove the file and make it again with petl in-turn') : undefined;
}
