import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UserError } from '../../errors';
import { readValue } from '../../json';
import { parseMethod, printMethod } from '../../petl/design/written';
import { projectRoot } from '../../project';
import type { SplitPrint } from '../../tasks/fingerprint';
import { taskNamed } from '../../tasks/registry';
import { distilledTask } from '../../tasks/teacher';
import type { TargetSettings, TrainingJob, TrainingSettings } from '../../training/job';
import { demandBest } from '../../training/settings';
import { specSchema } from './schema';
import { defaultTraining, younger, type RunSpec, type Tier } from './settings';
import { demandStart, startFolder } from './starts';

export { defaultTraining, tiers, type RunSpec, type Tier } from './settings';

/** What a run's id is made of. */
function identityOf(spec: RunSpec): unknown {
  const usual = new Map(Object.entries(younger).map(([key, value]) => [key, canonicalJson(value)]));
  const training = Object.entries(spec.training).filter(([key, value]) => usual.get(key) !== canonicalJson(value));
  return { ...spec, training: Object.fromEntries(training) };
}

/** What must be said of a run; the rest has defaults. */
export type RunFields = Pick<RunSpec, 'study' | 'method'> &
  Partial<Omit<RunSpec, 'study' | 'method' | 'training'>> & { readonly training?: Partial<TrainingSettings> };

/**
 * A run with every field filled and the method in its canonical written form.
 * @throws UserError on an unreadable method, and on a name or number that no run can have
 */
export function runSpec(fields: RunFields): RunSpec {
  const task = demandText('task', fields.task ?? 'sentiment', 'sentiment');
  return checkedSpec({
    study: fields.study,
    method: printMethod(parseMethod(demandText('method, its written form', fields.method, 'lora:r=8'))),
    model: fields.model ?? 'minilm-l6',
    task,
    training: { ...defaultTraining, target: usualTarget(task), ...fields.training },
    seed: fields.seed ?? 1,
    tier: fields.tier ?? 'quick',
  });
}

/** Cells are not checked as strictly as sources are. */
function demandText(what: string, value: unknown, example: string): string {
  if (typeof value === 'string') return value;
  throw new UserError(`a run needs a ${what} such as '${example}', not ${String(value)}`);
}

function checkedSpec(spec: RunSpec): RunSpec {
  const read = readValue(spec, specSchema);
  if (read.kind === 'fault')
    throw new UserError(`no run of ${JSON.stringify(spec.method)} can be made: ${read.reason}`);
  const { training, method, model } = spec;
  demandBest(training, parseMethod(method));
  if (training.from !== null) demandStart(training.from, method, model);
  return spec;
}

/** One greedy decode of 500 test examples for tasks that write texts. */
function usualTarget(name: string): TargetSettings | null {
  const { writes } = taskNamed(name);
  if (writes === null) return null;
  return { maxLength: writes.tokens, decoded: 500, beams: 1, lengthPenalty: 1, minLength: 0, noRepeatNgram: 0 };
}

/** The job that the training room understands. */
export function jobOf(spec: RunSpec, engine: TrainingJob['engine']): TrainingJob {
  const { model, task, training, seed } = spec;
  const from = training.from === null ? {} : { from: startFolder(training.from) };
  const own = taskNamed(task);
  const taught = training.teacher === null ? own : distilledTask(own, training.teacher, training.examples);
  return { method: parseMethod(spec.method), model, task: taught, training, seed, engine, ...from };
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

/** What tells the test examples of runs apart: their ids. */
export function printOfIds(ids: readonly string[]): SplitPrint {
  return { count: ids.length, hash: hash8(ids.join('\n')) };
}

/** `<method>-<task>-s<seed>-<hash8>`, safe as a file name: `lora-r16-sentiment-s1-0f3c9a2b`. */
export function runId(spec: RunSpec): string {
  const method = fileSafe(spec.method.replace(/=/g, '')).slice(0, 60);
  return `${method}-${fileSafe(spec.task)}-s${spec.seed}-${hash8(canonicalJson(identityOf(spec)))}`;
}

/** Hash of all that a run is but its seed: one for the seeds of a variant. */
export function seedlessHash(spec: RunSpec): string {
  return hash8(canonicalJson(identityOf({ ...spec, seed: 0 })));
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

/** Where a study of one's own keeps what a run trained; other studies keep none: their runs can be made again. */
export function adapterFolder(spec: RunSpec, results?: string): string | undefined {
  const isHalf = spec.training.before?.gives.kind === 'answers'; // without the pass before it, it could not answer
  if (!spec.study.startsWith('own/') || spec.study.endsWith('-tuning') || isHalf) return undefined;
  return join(studyFolder(spec.study, spec.tier, results), 'adapters', runId(spec));
}

/** Path of a run's file. */
export function runPath(spec: RunSpec, results?: string): string {
  return join(studyFolder(spec.study, spec.tier, results), `${runId(spec)}.jsonl`);
}
