import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { seconds } from '../clock';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { readJson, whole, type Schema } from '../json';
import { openModel } from '../model/open';
import { loadDelta } from '../petl/bank/store';
import { labelledTask } from '../tasks/classification';
import { printOf, type SplitPrint } from '../tasks/fingerprint';
import { examplesOf } from '../tasks/pinned';
import { take } from '../training/data';
import { spanMap, type Span } from '../training/spans';
import { train } from '../training/train';
import { jobOf, resultsFolder, type RunSpec } from './store/spec';

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

/** Trains a run once more, keeps nothing of it, and leaves each span of its adapters out. */
export async function measureSpans(spec: RunSpec, say: (line: string) => void): Promise<SpanRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'petl-spans-'));
  const job = jobOf(spec, 'compiled');
  const keep = join(folder, 'adapter');
  try {
    await train({ ...job, keep }, () => undefined);
    say(`seed ${spec.seed}: trained`);
    const model = await openModel(spec.model);
    const { backbone, tokenizer } = model;
    if (tokenizer === undefined) throw new UserError(`model "${spec.model}" has no tokenizer`);
    const { delta, head } = loadDelta(keep, backbone.shape, { hash: await backbone.hash() });
    const own = { variables: { ...delta.variables, ...head }, constants: delta.constants };
    const { test } = await examplesOf(labelledTask(job.task));
    const examples = take(test, spec.training.scored.test);
    const start = seconds();
    const { layers, spans } = spanMap({ ...model, tokenizer }, { ...job, method: delta.method }, own, examples);
    const took = Math.round(1000 * (seconds() - start)) / 1000;
    disposeTree([own.variables, own.constants]);
    backbone.dispose();
    const { task, model: name, method, seed } = spec;
    const seeds = [{ seed, seconds: took, spans: spans.map(({ span, right }) => ({ span, right: right.join('') })) }];
    return { task, model: name, method, layers, examples: printOf(examples), seeds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

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
