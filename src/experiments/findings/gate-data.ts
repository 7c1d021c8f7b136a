import { UserError } from '../../errors';
import { printOf } from '../../tasks/fingerprint';
import type { GenerationExample } from '../../tasks/generation';
import { taskNamed } from '../../tasks/registry';
import type { TaskData } from '../../tasks/task';
import type { RunRecord } from '../store/record';
import type { Study } from '../studies/study';
import { generationData } from './baselines';

/** A task with the model that is adapted to it. */
export interface GateSetting {
  readonly task: string;
  readonly model: string;
}

export const isExact = (metric: string): boolean => metric === 'exact-match' || metric === 'answer-match';

/** The settings of a gate study: those that its variant `base` runs in. */
export function settingsOf(study: Study): readonly GateSetting[] {
  const found = runsOf(study, 'base').map(({ task, model }) => JSON.stringify({ task, model }));
  return [...new Set(found)].map((text) => JSON.parse(text) as GateSetting);
}

/** The runs of one of a gate study's variants. */
export function runsOf(study: Study, variant: string): Study['variants'][number]['runs'] {
  return study.variants.find(({ name }) => name === variant)?.runs ?? [];
}

/** Examples that count: of a task that asks under several arms those that texts are kept of, the first arm's. */
export function scoredOf(run: RunRecord | undefined): number {
  if (run === undefined) return 0;
  const { placesOf } = taskNamed(run.run.spec.task);
  return placesOf === undefined ? run.final.perExample.length : (run.final.written?.texts.length ?? 0);
}

export const rightOf = (run: RunRecord): readonly number[] => run.final.perExample.slice(0, scoredOf(run));

export type Learned = TaskData<GenerationExample>;

/** What the runs learned from, and all test examples. */
export async function learnedData(task: string, base: readonly RunRecord[]): Promise<Learned> {
  const data = await generationData(task, Infinity);
  const { examples } = base[0]?.run.spec.training ?? { examples: 'all' };
  return { ...data, train: examples === 'all' ? data.train : data.train.slice(0, examples) };
}

/** The same with the test examples that the runs wrote texts for, no more. */
export function writtenOf(learned: Learned, task: string, base: readonly RunRecord[]): Learned {
  const written = base.flatMap(({ final }) => final.written ?? []);
  const test = learned.test.slice(0, written[0]?.texts.length ?? 0);
  if (written.some(({ examples }) => examples.hash !== printOf(test).hash))
    throw new UserError(
      `the runs of ${task} were scored on other examples than those here: run them again with --again`,
    );
  return { ...learned, test };
}
