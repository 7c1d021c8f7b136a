import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeWhole } from '../files';
import { readJson, recordOf, whole, type Schema } from '../json';
import { printOf, type SplitPrint } from '../tasks/fingerprint';
import { demandAnswersOf, demandOf, testsOf, type Of } from './record-of';
import { resultsFolder, seedlessHash, type RunSpec } from './store/spec';

/** The runs of one seed: a task by a method, and then another task by it. */
export interface Turn {
  readonly name: TurnName;
  readonly first: RunSpec;
  readonly then: RunSpec;
}

/** The method of each turn's runs, where a record does not say another. */
export const turnMethods = { full: 'full', adapters: 'houlsby:m=32' } as const;
export type TurnName = keyof typeof turnMethods;

/** A turn without its seed: its method, and hashes of the specs of its runs where they are known. */
interface TurnOf {
  readonly method: string;
  readonly first?: string | undefined;
  readonly then?: string | undefined;
}
type Turns = Readonly<Record<string, TurnOf>>;

/** What of a task's test examples was answered before and after another task was learned: `results/in-turn/<task>.json`. */
export interface InTurnRecord {
  readonly task: string;
  /** The one that was learned after it. */
  readonly then: string;
  readonly model: string;
  readonly examples: SplitPrint;
  /** By name; records from before it have none, and are of the methods above. */
  readonly turns?: Turns | undefined;
  readonly seeds: readonly {
    readonly seed: number;
    /** By column, such as `full before`: a digit for each example, 1 where it is answered right. */
    readonly right: Readonly<Record<string, string>>;
  }[];
}

/** What a record says of the turns that it is made of. */
export function turnsOf(turns: readonly Turn[]): Turns {
  return Object.fromEntries(
    turns.map(({ name, first, then }) => [
      name,
      { method: first.method, first: seedlessHash(first), then: seedlessHash(then) },
    ]),
  );
}

/** Of records from before they said it. */
const oldTurns: Turns = Object.fromEntries(Object.entries(turnMethods).map(([name, method]) => [name, { method }]));

/** The turn that a column such as `full after` was measured of. */
export function turnOf({ turns = oldTurns }: Pick<InTurnRecord, 'turns'>, column: string): TurnOf | undefined {
  return turns[column.split(' ')[0] ?? ''];
}

function identity({ then, model, examples, turns = oldTurns }: Omit<InTurnRecord, 'seeds'>): Of {
  const words = Object.entries(turns).flatMap(([name, turn]) => [
    [`${name} by method`, turn.method],
    [`${name} with the first task's settings`, turn.first],
    [`${name} with the second task's settings`, turn.then],
  ]);
  return { 'second task': then, model, ...(Object.fromEntries(words) as Of), 'test examples': examples.hash };
}

/**
 * Holds a record against the turns of two tasks that are asked for.
 * @throws UserError where it is of another second task, other methods, models, test examples or settings
 */
export async function demandInTurnOf(
  record: InTurnRecord,
  turns: readonly (readonly Turn[])[],
  results?: string,
): Promise<void> {
  const [one] = turns.flat();
  if (one === undefined) return;
  const { first, then } = one;
  const demand = (wanted: Partial<InTurnRecord>): void =>
    demandOf(inTurnPath(record.task, results), identity(record), identity({ ...record, ...wanted }));
  for (const turn of turns) demand({ then: then.task, model: first.model, turns: turnsOf(turn) });
  if (record.turns === undefined)
    for (const { name, first: spec } of turns.flat()) {
      const seed = record.seeds.find((own) => own.seed === spec.seed);
      demandAnswersOf(inTurnPath(record.task, results), seed?.right[`${name} before`], { spec, results });
    }
  demand({ examples: printOf(await testsOf(first)) }); // last: they have to be loaded
}

/** The record with another seed. @throws UserError where the two are of different runs or test sets */
export function joinedInTurn(before: InTurnRecord | undefined, more: InTurnRecord): InTurnRecord {
  if (before === undefined) return more;
  demandOf(inTurnPath(more.task), identity(before), identity(more));
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

const turn: Schema<TurnOf> = v.strictObject({
  method: v.string(),
  first: v.optional(v.string()),
  then: v.optional(v.string()),
});
const schema: Schema<InTurnRecord> = v.strictObject({
  task: v.string(),
  then: v.string(),
  model: v.string(),
  examples: v.strictObject({ count: whole, hash: v.string() }),
  turns: v.optional(recordOf(turn)),
  seeds: v.array(v.strictObject({ seed: whole, right: recordOf(v.pipe(v.string(), v.regex(/^[01]+$/))) })),
});

/** The record on disk; undefined where it was never made. @throws UserError where the file holds something else */
export function readInTurn(task: string, results?: string): InTurnRecord | undefined {
  const path = inTurnPath(task, results);
  return existsSync(path) ? readJson(path, schema, 'remove the file and make it again with petl in-turn') : undefined;
}
