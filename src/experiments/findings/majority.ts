import { lineScores } from '../../tasks/metrics/answers';
import type { SplitPrint } from '../../tasks/fingerprint';
import type { GenerationExample, GenerationTask } from '../../tasks/generation';
import type { TaskData } from '../../tasks/task';
import type { RunRecord } from '../store/record';

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
