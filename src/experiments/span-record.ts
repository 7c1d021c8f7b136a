import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { readJson, whole, type Schema } from '../json';
import type { SplitPrint } from '../tasks/fingerprint';
import type { Span } from '../tasks/spans';
import { resultsFolder } from './store/spec';

/** Spans of a trained method on a task's test examples: `results/spans/<task>.json`. */
export interface SpanRecord {
  readonly task: string;
  readonly model: string;
  readonly method: string;
  readonly layers: number;
  readonly examples: SplitPrint;
  readonly seeds: readonly {
    readonly seed: number;
    readonly seconds: number;
    /** For each span, null for none, a digit for each example: 1 where it is answered right. */
    readonly spans: readonly { readonly span: Span; readonly right: string }[];
  }[];
}

type Seed = SpanRecord['seeds'][number];

/** The record with another run's seeds. @throws UserError where the two are not of one method and one test set */
export function joinedSpans(before: SpanRecord | undefined, more: SpanRecord): SpanRecord {
  if (before === undefined) return more;
  if (before.method !== more.method || before.examples.hash !== more.examples.hash || before.model !== more.model)
    throw new UserError(`${spansPath(more.task)} is of ${before.method} on other examples: remove it first`);
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
  seeds: v.array(seedIn),
});

/** The record on disk; undefined where it was never made. @throws UserError where the file holds something else */
export function readSpans(task: string, results?: string): SpanRecord | undefined {
  const path = spansPath(task, results);
  return existsSync(path) ? readJson(path, schema, 'remove the file and make it again with petl spans') : undefined;
}
