import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseMethod, printMethod } from '../../petl/design/written';
import { projectRoot } from '../../project';
import { taskNamed } from '../../tasks/registry';
import type { TargetSettings, TrainingJob, TrainingSettings } from '../../training/job';

/** quick: a whole study in minutes on two cores; full: the numbers. */
export type Tier = 'quick' | 'full';
export const tiers: readonly Tier[] = ['quick', 'full'];

/** Everything that decides a run's numbers. No optional fields: a result file explains itself. */
export interface RunSpec {
  readonly study: string;
  /** Written form, as `printMethod` prints it. */
  readonly method: string;
  readonly model: string;
  readonly task: string;
  readonly training: TrainingSettings;
  readonly seed: number;
  readonly tier: Tier;
}

/** The settings of He et al. 2021 for GLUE (Table 13) on one pass over a small set; a study changes what it varies. */
export const defaultTraining: TrainingSettings = {
  examples: 'all',
  epochs: 1,
  batch: 32,
  accumulation: 1,
  maxLength: 64,
  learningRate: 1e-3,
  schedule: { kind: 'linear', warmup: 0.06 },
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.01, clipNorm: 1 },
  dropout: 0.1,
  labelSmoothing: 0,
  scored: { validation: 'all', test: 'all' },
  evaluations: 1,
  precision: 'float32',
  target: null,
};

/**
 * Settings younger than the first committed runs, with the value that means what those did: such a value takes no part
 * in a run's id.
 */
const younger: Partial<TrainingSettings> = { target: null, accumulation: 1 };

/** A spec as it was written, with what was not asked for in its time filled in. */
export function completeSpec(spec: RunSpec): RunSpec {
  return { ...spec, training: { ...younger, ...spec.training } };
}

/** What a run's id is made of. */
function identityOf(spec: RunSpec): unknown {
  const usual = new Map(Object.entries(younger).map(([key, value]) => [key, canonicalJson(value)]));
  const training = Object.entries(spec.training).filter(([key, value]) => usual.get(key) !== canonicalJson(value));
  return { ...spec, training: Object.fromEntries(training) };
}

/** What must be said of a run; the rest has defaults. */
export type RunFields = Pick<RunSpec, 'study' | 'method'> &
  Partial<Omit<RunSpec, 'study' | 'method' | 'training'>> & { readonly training?: Partial<TrainingSettings> };

/** A run with every field filled and the method in its canonical written form; an unreadable method is a UserError. */
export function runSpec(fields: RunFields): RunSpec {
  const task = fields.task ?? 'sentiment';
  return {
    study: fields.study,
    method: printMethod(parseMethod(fields.method)),
    model: fields.model ?? 'minilm-l6',
    task,
    training: { ...defaultTraining, target: usualTarget(task), ...fields.training },
    seed: fields.seed ?? 1,
    tier: fields.tier ?? 'quick',
  };
}

/** One greedy decode of 500 test examples for tasks that write texts. */
function usualTarget(name: string): TargetSettings | null {
  const task = taskNamed(name);
  if (task.kind === 'classification') return null;
  return { maxLength: task.targetTokens, decoded: 500, beams: 1, lengthPenalty: 1, minLength: 0, noRepeatNgram: 0 };
}

/** The job that the training room understands. */
export function jobOf(spec: RunSpec, engine: TrainingJob['engine']): TrainingJob {
  const { model, task, training, seed } = spec;
  return { method: parseMethod(spec.method), model, task, training, seed, engine };
}

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** The first 8 hexadecimal digits of the SHA-256 of `text`. */
export function hash8(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** `<method>-<task>-s<seed>-<hash8>`, safe as a file name: `lora-r16-sentiment-s1-0f3c9a2b`. */
export function runId(spec: RunSpec): string {
  const method = fileSafe(spec.method.replace(/=/g, '')).slice(0, 60);
  return `${method}-${fileSafe(spec.task)}-s${spec.seed}-${hash8(canonicalJson(identityOf(spec)))}`;
}

function fileSafe(text: string): string {
  return text.replace(/[^A-Za-z0-9.+]+/g, '-').replace(/^[-.]+|-+$/g, '');
}

/** `results`, or what PETL_RESULTS names. */
export function resultsFolder(): string {
  return process.env['PETL_RESULTS'] ?? join(projectRoot(), 'results');
}

/**
 * Folder of a study's runs. The quick tier's are kept out of git; the notebooks' check reads committed ones where
 * PETL_QUICK_RESULTS says.
 */
export function studyFolder(study: string, tier: Tier, results?: string): string {
  if (tier === 'full') return join(results ?? resultsFolder(), study);
  const quick = results === undefined ? process.env['PETL_QUICK_RESULTS'] : undefined;
  return join(quick ?? join(results ?? resultsFolder(), 'quick'), study);
}

/** Path of a run's file. */
export function runPath(spec: RunSpec, results?: string): string {
  return join(studyFolder(spec.study, spec.tier, results), `${runId(spec)}.jsonl`);
}
