import type { RunRecord } from '../store/record';
import { quantile } from './statistics';

/** A time that runs are compared by, in seconds: the median training step, all steps at it, or scoring the test set once. */
export type Measure = 'step time' | 'training time' | 'scoring time';

/** @throws where the record has too few steps to time one */
export function measured(run: RunRecord, measure: Measure): number {
  switch (measure) {
    case 'step time':
      return stepSeconds(run);
    case 'training time':
      return stepSeconds(run) * run.final.steps;
    case 'scoring time':
      return run.final.seconds - run.final.trainSeconds;
  }
}

/** The median over the curve's points: the first steps, which compile, and those after a validation do not move it. */
function stepSeconds({ train, run }: RunRecord): number {
  const times = train
    .slice(1)
    .map((line, i) => (line.seconds - (train[i]?.seconds ?? 0)) / (line.step - (train[i]?.step ?? 0)));
  if (times.length === 0) throw new Error(`${run.id} has one step: no step time`);
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
