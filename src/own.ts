import { existsSync } from 'node:fs';
import { readRun } from './experiments/store/read';
import { adapterFolder, runPath, type RunSpec } from './experiments/store/spec';
import type { Study } from './experiments/studies/study';
import { UserError } from './errors';
import { train, variantNamed, type TrainOptions } from './notebook';
import { cutWords } from './tasks/cuts';
import type { Adapter } from './training/adapter';
import type { Prediction, Reading } from './training/kinds/kind';
import type { TaskBank } from './training/task-bank';

const adapters = (): typeof import('./training/adapter') =>
  require('./training/adapter') as typeof import('./training/adapter');

/**
 * The adapter that one run of a study of one's own has trained; the run is made first where it is missing.
 * @param method a variant of the study, or any method
 * @param seed the first of the study's where left out
 * @throws UserError where the study is a shipped one, which keeps no adapters, or has no such seed
 */
export async function trained(
  study: Study,
  method: string,
  seed?: number,
  options: TrainOptions = {},
): Promise<Adapter> {
  const variant = variantNamed(study, method);
  const spec = variant.runs.find((run) => seed === undefined || run.seed === seed);
  if (spec === undefined)
    throw new UserError(
      `${variant.label} has no seed ${seed}: choose from ${[...new Set(variant.runs.map((run) => run.seed))].join(', ')}`,
    );
  const folder = adapterFolder(spec, options.results);
  if (folder === undefined)
    throw new UserError(
      `study ${study.name} keeps no adapters: npx petl adapter train ${runPath(spec, options.results)} --out DIR makes one`,
    );
  await finish(study, { spec, folder, label: variant.label }, options);
  return loadAdapter(folder);
}

interface Wanted {
  readonly spec: RunSpec;
  readonly folder: string;
  readonly label: string;
}

/** A run whose adapter has been thrown away is made again. */
async function finish(study: Study, { spec, folder, label }: Wanted, options: TrainOptions): Promise<void> {
  if (readRun(runPath(spec, options.results)).kind === 'finished' && existsSync(folder)) return;
  const only: Study = { ...study, variants: [{ name: spec.method, label, runs: [spec] }] };
  await train(only, spec.method, { ...options, again: true });
}

/** An adapter from the folder that `adapter.save` or a study wrote. @param model the base, where it has another name */
export function loadAdapter(folder: string, model?: string): Adapter {
  return new (adapters().Adapter)(folder, model);
}

/**
 * What an adapter answers to each text, or pair of texts, in order: `{ label, probabilities }`, or `{ text }` for tasks
 * that write. Says on standard error how many texts are longer than what it reads of them.
 */
export async function predict(adapter: Adapter, inputs: readonly (string | Reading)[]): Promise<readonly Prediction[]> {
  const answers = await adapter.predict(inputs);
  for (const cut of await adapter.cuts(inputs)) console.error(`${cutWords(cut)}, as in training`);
  return answers;
}

const banks = (): typeof import('./training/task-bank') =>
  require('./training/task-bank') as typeof import('./training/task-bank');

/** An empty bank of tasks on one frozen model: `bank.add(name, folder)`, `bank.predict([{ task, text }])`. */
export function newTaskBank(model = 'minilm-l6'): Promise<TaskBank> {
  return banks().TaskBank.open(model);
}

/** The bank of a folder that `bank.save` or `petl bank add` wrote. */
export function loadTaskBank(folder: string, model?: string): Promise<TaskBank> {
  return banks().TaskBank.load(folder, model);
}
