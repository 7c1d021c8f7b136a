import { metricNamed } from '../tasks/metrics/metric';
import type { CourseEvent, TrainingJob } from './job';

/** The validation that a run keeps so far. */
export interface Best {
  readonly step: number;
  /** Validations after it. */
  readonly since: number;
}

/** The first best of the validations among what was reported; undefined where the last step is kept whatever it scores. */
export function bestSoFar(events: readonly CourseEvent[], { training, task }: TrainingJob): Best | undefined {
  const { best: by } = training;
  if (by === null) return undefined;
  const sign = by === 'loss' || metricNamed(task.metric).better === 'lower' ? -1 : 1;
  let best: Best & { readonly value: number } = { step: 0, since: 0, value: NaN };
  for (const event of events) {
    if (event.kind === 'step') continue;
    const value = sign * event[by];
    const isBetter = value > best.value || Number.isNaN(best.value);
    best = isBetter ? { step: event.step, since: 0, value } : { ...best, since: best.since + 1 };
  }
  return best.step === 0 ? undefined : best;
}

/** Whether training ends before its last step: so many validations brought nothing better. */
export function isSpent(events: readonly CourseEvent[], job: TrainingJob): boolean {
  const { stop } = job.training;
  return stop !== null && (bestSoFar(events, job)?.since ?? 0) >= stop;
}
