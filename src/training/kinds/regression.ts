import * as v from 'valibot';
import { upload } from '../../engine/memory';
import { UserError } from '../../errors';
import { regressionTask, type RegressionExample, type RegressionTask } from '../../tasks/regression';
import type { LabelledBatch } from '../labelled';
import { oneNumber } from '../objectives';
import { defineKind, type TaskKind } from './kind';
import { openPooled } from './pooled';
import * as says from './says';
import { demandText, withoutExamples } from './texts';

/**
 * Numbers told of texts, by a frozen encoder with a head of one output: learned by the squared error, scored by
 * Spearman's or Pearson's correlation. The head learns the task's range as -1 to 1.
 */
export const regression: TaskKind = defineKind<
  RegressionTask,
  RegressionExample,
  LabelledBatch,
  Pick<RegressionTask, 'metric' | 'range'>
>({
  name: 'regression',
  note: ({ kind, name, metric, range }) => ({ kind, name, metric, range }),
  says: { metric: v.picklist(['spearman', 'pearson']), range: says.range },
  noted: ({ name, metric, range }) => regressionTask({ name, metric, range, load: withoutExamples(name) }),
  check: ({ name }, data) => {
    demandText(name, data);
    const wrong = Object.values(data)
      .flat()
      .find(({ value }) => !Number.isFinite(value));
    if (wrong !== undefined)
      throw new UserError(`task "${name}", example ${wrong.id}: ${String(wrong.value)} is no number: give one`);
  },
  programs: () => null, // the range comes with the question
  open: (model, task, job) =>
    openPooled(model, task, job, {
      objective: oneNumber,
      labels: (run) => ({
        of: ({ value }) => scaled(run.range, value),
        none: 0,
        upload: (values) => upload(Float32Array.from(values), [values.length]),
        each: 1,
      }),
      right: ({ value }) => value, // correlations do not change with the scale of one side
      squash: (outputs) => outputs,
      answer: ({ range }, [output = NaN]) => ({ kind: 'number', value: unscaled(range, output) }),
    }),
});

/** The range's ends as -1 and 1. */
function scaled([low, high]: RegressionTask['range'], value: number): number {
  return (2 * value - low - high) / (high - low);
}

function unscaled([low, high]: RegressionTask['range'], output: number): number {
  return (low + high + output * (high - low)) / 2;
}
