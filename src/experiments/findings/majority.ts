import { lineScores } from '../../tasks/metrics/answers';
import type { SplitPrint } from '../../tasks/fingerprint';
import { writtenTask, type GenerationExample, type GenerationTask } from '../../tasks/generation';
import type { TaskData } from '../../tasks/task';
import { taskNamed } from '../../tasks/registry';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import { printOfIds } from '../store/spec';
import type { Study } from '../studies/study';
import { isExact, learnedData, runsOf, settingsOf } from './gate-data';

/** What always giving the most frequent training answer gets right of the test examples that runs are scored on. */
export interface MajorityAnswer {
  readonly task: string;
  readonly answer: string;
  /** Their ids, as runs print them: what stands in front of a question may differ. */
  readonly tests: SplitPrint;
  /** Places of those that it answers, from 0. */
  readonly right: readonly number[];
}

/** Whether a text that is written is the target, as runs of the task are scored. */
export function isAnswer({ metric }: Pick<GenerationTask, 'metric'>, text: string, target: string): boolean {
  return metric === 'answer-match' ? lineScores(text, [target]).exact === 1 : text === target;
}

/** Of equally frequent answers the first to come. @param data what is learned from and scored, no more */
export function majorityAnswer(
  task: Pick<GenerationTask, 'name' | 'metric'>,
  { train, test }: Pick<TaskData<GenerationExample>, 'train' | 'test'>,
): Pick<MajorityAnswer, 'answer' | 'right'> {
  const counts = new Map<string, number>();
  for (const { target } of train) counts.set(target, (counts.get(target) ?? 0) + 1);
  const [[answer] = ['']] = [...counts].sort(([, a], [, b]) => b - a);
  const right = test.flatMap(({ target }, place) => (isAnswer(task, answer, target) ? [place] : []));
  return { answer, right };
}

/** 1 or 0 for each test example of a run; undefined where the record is of other examples, or there is none. */
export function majorityRight(
  known: readonly MajorityAnswer[],
  { run: { spec }, final }: RunRecord,
): { readonly answer: string; readonly right: readonly number[] } | undefined {
  const found = known.find(({ task, tests }) => task === spec.task && tests.hash === final.tests.hash);
  if (found === undefined) return undefined;
  const places = new Set(found.right);
  return { answer: found.answer, right: final.perExample.map((_, place) => Number(places.has(place))) };
}

/**
 * The most frequent answer of each setting that is scored by exact match, over all test examples of its runs; of a task
 * that asks under several arms over those of every arm, which other runs are scored on.
 */
export async function majorityAnswers(study: Study, results?: string): Promise<readonly MajorityAnswer[]> {
  const found = await Promise.all(
    settingsOf(study).map(async ({ task, model }) => {
      const asked = writtenTask(taskNamed(task));
      if (!isExact(asked.metric)) return [];
      const own = runsOf(study, 'base').filter((spec) => spec.task === task && spec.model === model);
      const base = recordsOfRuns(own, results);
      const [first] = base;
      if (first === undefined || base.length < 2) return [];
      const { perExample } = first.final;
      const { train, test: all } = await learnedData(task, base);
      const test = asked.placesOf === undefined ? all.slice(0, perExample.length) : all;
      return [{ task, tests: printOfIds(test.map(({ id }) => id)), ...majorityAnswer(asked, { train, test }) }];
    }),
  );
  return found.flat();
}
