import { masksAt } from '../petl/forms/ranks';
import type { TrainingJob } from './job';
import { Loop } from './loop';
import { scheduleFactor, startState } from './optimizer';
import type { OpenRun } from './session';

/** The steps of a run that stands before its first. Owns the run's tensors. */
export function loopOf({ training, method, seed }: TrainingJob, { course, own, shape }: OpenRun): Loop {
  const { optimizer, learningRate, schedule } = training;
  return new Loop(
    {
      seed,
      optimizer,
      rateAt: (step) => learningRate * scheduleFactor(schedule, step, course.steps),
      step: course.step,
      after: (step, { variables }) => masksAt(method, shape, variables, step / course.steps),
    },
    startState(own.variables),
    own.constants,
  );
}
