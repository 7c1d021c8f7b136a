import { UserError } from '../../errors';
import { printOf } from '../../tasks/fingerprint';
import { taskNamed } from '../../tasks/registry';
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

/** The training examples that the runs learned from, and the test examples that they wrote texts for. */
export async function writtenData(
  task: string,
  base: readonly RunRecord[],
): Promise<Awaited<ReturnType<typeof generationData>>> {
  const written = base.flatMap(({ final }) => final.written ?? []);
  const data = await learnedData(task, base, written[0]?.texts.length ?? 0);
  if (written.some(({ examples }) => examples.hash !== printOf(data.test).hash))
    throw new UserError(
      `the runs of ${task} were scored on other examples than those here: run them again with --again`,
    );
  return data;
}

/** What the runs learned from, and the first `count` test examples. */
export async function learnedData(
  task: string,
  base: readonly RunRecord[],
  count: number,
): Promise<Awaited<ReturnType<typeof generationData>>> {
  const data = await generationData(task, count);
  const { examples } = base[0]?.run.spec.training ?? { examples: 'all' };
  return { ...data, train: examples === 'all' ? data.train : data.train.slice(0, examples) };
}
