import type { TextScores } from '../../tasks/baselines';
import * as v from 'valibot';
import { anyObject, real, whole, type Schema } from '../../json';
import type { SplitPrint } from '../../tasks/fingerprint';
import type { Gives, OptimizerSettings, Schedule, TargetSettings, TrainingSettings, Written } from '../../training/job';
import type { Environment } from './environment';
import type { EvalLine, FinalLine, RunCounts, RunLine, RunRecordLine, TrainLine } from './record';
import { younger, type RunSpec } from './settings';

// One schema for each type of a record, held to it by the compiler. Every one is strict: a field that this version does
// not know is a fault, since what it means would be passed over.

const positive = v.pipe(whole, v.minValue(1));
const above0 = v.pipe(real, v.gtValue(0));
const from0 = v.pipe(real, v.minValue(0));
/** From 0 to below 1. */
const share = v.pipe(from0, v.ltValue(1));
const upTo1 = v.pipe(from0, v.maxValue(1));
const orAll = <T>(some: Schema<T>): Schema<T | 'all'> => v.union([some, v.literal('all')]);

/** What names may be made of. */
const words = 'a name of letters, digits, ".", "_" and "-"';

const schedule: Schema<Schedule> = v.variant('kind', [
  v.strictObject({ kind: v.picklist(['constant', 'linear', 'cosine']), warmup: upTo1 }),
  v.strictObject({ kind: v.literal('polynomial'), warmup: upTo1, power: above0, end: upTo1 }),
]);

const optimizer: Schema<OptimizerSettings> = v.strictObject({
  beta1: share,
  beta2: share,
  epsilon: above0,
  weightDecay: from0,
  clipNorm: from0,
});

const target: Schema<TargetSettings> = v.strictObject({
  maxLength: positive,
  decoded: orAll(whole),
  beams: positive,
  lengthPenalty: real,
  minLength: whole,
  noRepeatNgram: whole,
});

/** A schema for objects from before some fields, which are filled in. */
function filled<T>(missing: Partial<T>, schema: Schema<T>): Schema<T> {
  return v.pipe(
    anyObject,
    v.transform((given): unknown => ({ ...missing, ...given })),
    schema,
  );
}

/** Something that is kept under its name and hash. */
const hashed = v.nullable(
  v.pipe(v.string(), v.maxLength(100), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*@[0-9a-f]{12}$/, words)),
);
/** Written forms and paths: one line of text. */
export const line: Schema<string> = v.pipe(
  v.string(),
  v.nonEmpty(),
  v.maxLength(4096),
  v.regex(/^\P{Cc}*$/u, 'one line of text'),
);
export const taskName: Schema<string> = v.pipe(
  v.string(),
  v.maxLength(100),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(?:@[0-9a-f]{12})?$/, words),
);

const gives: Schema<Gives> = v.variant('kind', [
  v.strictObject({ kind: v.literal('tensors') }),
  v.strictObject({ kind: v.literal('answers'), count: positive, temperature: above0 }),
]);

const settings: Schema<TrainingSettings> = v.strictObject({
  examples: orAll(positive),
  epochs: positive,
  batch: positive,
  accumulation: positive,
  maxLength: positive,
  learningRate: above0,
  schedule,
  optimizer,
  dropout: share,
  labelSmoothing: share,
  scored: v.strictObject({ validation: orAll(whole), test: orAll(whole) }),
  evaluations: whole,
  best: v.nullable(v.picklist(['loss', 'score'])),
  stop: v.nullable(positive),
  from: hashed,
  teacher: hashed,
  before: v.nullable(
    v.strictObject({
      method: line,
      task: taskName,
      ...{ examples: positive, epochs: positive, learningRate: above0, target: positive },
      gives,
    }),
  ),
  precision: v.picklist(['float32', 'bfloat16']),
  target: v.nullable(target),
});

/** Settings of a training run, those that its time did not have filled in. */
const trainingSchema: Schema<TrainingSettings> = filled(younger, settings);

/** Letters, digits, `.`, `_` and `-`, beginning with one of the first two; a study of one's own stands below `own/`. */
const studyName = /^(?:own\/)?[A-Za-z0-9][A-Za-z0-9._-]*$/;
export const nameSchema: Schema<string> = v.pipe(
  v.string(),
  v.maxLength(80),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, words),
);
/** Where a run's file stands below the folder of results. */
export const runFile: Schema<string> = v.pipe(
  v.string(),
  v.regex(
    /^(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)+[A-Za-z0-9][A-Za-z0-9.+_-]*\.jsonl$/,
    'the path of a run such as study/run.jsonl',
  ),
);
export const specSchema: Schema<RunSpec> = v.strictObject({
  study: v.pipe(v.string(), v.maxLength(100), v.regex(studyName, words)),
  method: line,
  model: line,
  task: taskName,
  training: trainingSchema,
  seed: v.pipe(whole, v.maxValue(2 ** 32 - 1)),
  tier: v.picklist(['quick', 'full']),
});

const counts: Schema<RunCounts> = v.strictObject({
  trained: whole,
  used: whole,
  stored: whole,
  head: whole,
  paper: whole,
  backbone: positive,
});

const environment: Schema<Environment> = v.strictObject({
  versions: v.record(v.string(), v.string()),
  commit: v.string(),
  dirty: v.boolean(),
  cpu: v.string(),
  cores: whole,
  memoryGb: whole,
  platform: v.string(),
  kernels: v.optional(v.boolean()),
  threads: v.optional(positive),
  code: v.optional(v.string()),
  vectors: v.optional(v.array(v.string())),
});

const runLine: Schema<RunLine> = v.strictObject({
  kind: v.literal('run'),
  format: v.literal(1),
  id: v.string(),
  label: v.string(),
  spec: specSchema,
  counts,
  engine: v.picklist(['compiled', 'eager']),
  environment,
  started: v.string(),
});

const trainLine: Schema<TrainLine> = v.strictObject({
  kind: v.literal('train'),
  step: positive,
  steps: positive,
  loss: real,
  seconds: from0,
});

const evalLine: Schema<EvalLine> = v.strictObject({
  kind: v.literal('eval'),
  step: whole,
  seconds: from0,
  split: v.literal('validation'),
  loss: real,
  score: real,
});

const print: Schema<SplitPrint> = v.strictObject({ count: whole, hash: v.string() });

const textEntries = { bleu: real, chrf: real, rouge1: real, rouge2: real, rougeL: real, rougeLsum: real };
export const textScoresSchema: Schema<TextScores> = v.strictObject(textEntries);
const written: Schema<Written> = v.strictObject({
  examples: print,
  ...textEntries,
  unfinished: whole,
  seconds: from0,
  texts: v.array(v.string()),
});

const wholeFinal: Schema<FinalLine> = v.strictObject({
  kind: v.literal('final'),
  score: v.nullable(real),
  loss: v.nullable(real),
  metric: v.string(),
  perExample: v.array(real),
  tokens: v.array(whole),
  exact: v.optional(upTo1),
  tests: print,
  written: v.nullable(written),
  oracle: v.nullable(upTo1),
  data: v.nullable(v.strictObject({ train: print, validation: print, test: print })),
  model: v.nullable(v.string()),
  steps: whole,
  kept: v.nullable(positive),
  trainSeconds: from0,
  seconds: from0,
  peakMb: v.nullable(whole),
  programs: v.strictObject({ count: whole, recordMs: from0, loadMs: from0, firstRunMs: from0 }),
});

const finalLine = filled({ tokens: [], written: null, oracle: null, data: null, model: null, kept: null }, wholeFinal);

const lines = { run: runLine, train: trainLine, eval: evalLine, final: finalLine } as const;

/** Any line of a record, told by its `kind`. */
export const lineSchema: Schema<RunRecordLine> = v.lazy((line): Schema<RunRecordLine> => {
  const kind = (line as { readonly kind?: unknown } | null)?.kind;
  return typeof kind === 'string' && Object.hasOwn(lines, kind) ? lines[kind as keyof typeof lines] : noLine;
});

const noLine: Schema<RunRecordLine> = v.custom<RunRecordLine>(
  () => false,
  () => `is no line of a run: its kind should be ${Object.keys(lines).join(', ')}`,
);
