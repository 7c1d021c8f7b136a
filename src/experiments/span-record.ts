import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeWhole } from '../files';
import { readJson, whole, type Schema } from '../json';
import { printOf, type SplitPrint } from '../tasks/fingerprint';
import type { Span } from '../tasks/spans';
import { demandAnswersOf, demandOf, testsOf, type Of } from './record-of';
import { resultsFolder, seedlessHash, type RunSpec } from './store/spec';

/** Spans of a trained method on a task's test examples: `results/spans/<task>.json`. */
export interface SpanRecord {
  readonly task: string;
  readonly model: string;
  readonly method: string;
  readonly layers: number;
  readonly examples: SplitPrint;
  /** Hash of the runs' spec but for the seed; records from before it have none. */
  readonly spec?: string | undefined;
  readonly seeds: readonly {
    readonly seed: number;
    readonly seconds: number;
    /** For each span, null for none, a digit for each example: 1 where it is answered right. */
    readonly spans: readonly { readonly span: Span; readonly right: string }[];
  }[];
}

type Seed = SpanRecord['seeds'][number];

const identity = ({ method, model, spec, examples }: SpanRecord): Of => ({
  ...{ method, model, 'test examples': examples.hash, 'runs with the settings': spec },
});

/**
 * Holds a record against the runs of one task that are asked for.
 * @throws UserError where it is of another method, model, test set or settings
 */
export async function demandSpansOf(record: SpanRecord, runs: readonly RunSpec[], results?: string): Promise<void> {
  const [first] = runs;
  if (first === undefined) return;
  const demand = (wanted: Partial<SpanRecord>): void =>
    demandOf(spansPath(record.task, results), identity(record), identity({ ...record, ...wanted }));
  for (const spec of runs) demand({ method: spec.method, model: spec.model, spec: seedlessHash(spec) });
  if (record.spec === undefined)
    for (const spec of runs) {
      const seed = record.seeds.find((one) => one.seed === spec.seed);
      const whole = seed?.spans.find(({ span }) => span === null)?.right;
      demandAnswersOf(spansPath(record.task, results), whole, { spec, results });
    }
  demand({ examples: printOf(await testsOf(first)) }); // last: they have to be loaded
}

/** The record with another run's seeds. @throws UserError where the two are of different runs or test sets */
export function joinedSpans(before: SpanRecord | undefined, more: SpanRecord): SpanRecord {
  if (before === undefined) return more;
  demandOf(spansPath(more.task), identity(before), identity(more));
  const others = before.seeds.filter(({ seed }) => more.seeds.every((own) => own.seed !== seed));
  return { ...before, seeds: [...others, ...more.seeds].sort((a, b) => a.seed - b.seed) };
}

/** Share of right answers with a span left out, over all seeds. */
export function scoreWithout({ seeds }: Pick<SpanRecord, 'seeds'>, span: Span): number {
  const shares = seeds.flatMap(({ spans }) =>
    spans.filter((one) => String(one.span) === String(span)).map(({ right }) => shareOf(right)),
  );
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

const shareOf = (right: string): number => right.split('1').length / right.length - 1 / right.length;

/** `whole`, or `without 1-3` with layers counted from 1. */
export function spanName(span: Span): string {
  return span === null ? 'whole' : `without ${span[0] + 1}-${span[1] + 1}`;
}

export function spansPath(task: string, results: string = resultsFolder()): string {
  return join(results, 'spans', `${task}.json`);
}

export function writeSpans(record: SpanRecord, results?: string): string {
  return writeWhole(spansPath(record.task, results), `${JSON.stringify(record)}\n`);
}

const seedIn: Schema<Seed> = v.strictObject({
  seed: whole,
  seconds: v.number(),
  spans: v.array(
    v.strictObject({ span: v.nullable(v.tuple([whole, whole])), right: v.pipe(v.string(), v.regex(/^[01]+$/)) }),
  ),
});
const schema: Schema<SpanRecord> = v.strictObject({
  task: v.string(),
  model: v.string(),
  method: v.string(),
  layers: whole,
  examples: v.strictObject({ count: whole, hash: v.string() }),
  spec: v.optional(v.string()),
  seeds: v.array(seedIn),
});

/** The record on disk; undefined where it was never made. @throws UserError where the file holds something else */
export function readSpans(task: string, results?: string): SpanRecord | undefined {
  const path = spansPath(task, results);
  return existsSync(path) ? readJson(path, schema, 'remove the file and make it again with petl spans') : undefined;
}
