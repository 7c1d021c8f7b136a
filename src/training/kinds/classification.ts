import { upload } from '../../engine/memory';
import { tf } from '../../engine/tf';
import { UserError } from '../../errors';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../../tasks/classification';
import type { LabelledBatch } from '../labelled';
import { oneClass } from '../objectives';
import { defineKind, type Prediction, type TaskKind } from './kind';
import { openPooled } from './pooled';
import type { Labels } from './pooled-batches';
import * as says from './says';
import { demandText, withoutExamples } from './texts';

/** The index of an example's class, int32 `[B]`. */
export const classOf: Labels<ClassificationExample, number> = {
  of: ({ label }) => label,
  none: 0,
  upload: (labels) => upload(Int32Array.from(labels), [labels.length]),
  each: 1,
};

/** Labelled texts on a frozen encoder with a head: scored by accuracy, F1 or Matthews, answered by probabilities. */
export const classification: TaskKind = defineKind<
  ClassificationTask,
  ClassificationExample,
  LabelledBatch,
  Pick<ClassificationTask, 'metric' | 'labels'>
>({
  name: 'classification',
  note: ({ kind, name, metric, labels }) => ({ kind, name, metric, labels }),
  says: { metric: says.metric, labels: says.names },
  noted: ({ name, metric, labels }) => classificationTask({ name, metric, labels, load: withoutExamples(name) }),
  check: ({ name, labels }, data) => {
    demandText(name, data);
    const wrong = Object.values(data)
      .flat()
      .find(({ label }) => !Number.isInteger(label) || label < 0 || label >= labels.length);
    if (wrong !== undefined)
      throw new UserError(
        `task "${name}", example ${wrong.id}: label ${String(wrong.label)} is no index of its ${labels.length} labels (${labels.join(', ')})`,
      );
  },
  programs: () => null, // heads come with the tensors, labels with the question
  open: (model, task, job) =>
    openPooled(model, task, job, {
      objective: oneClass,
      labels: () => classOf,
      right: ({ label }) => label,
      squash: (outputs) => tf.softmax(outputs),
      answer: ({ labels }, values) => labelOf(labels, values),
    }),
});

function labelOf(labels: readonly string[], values: readonly number[]): Prediction {
  const probabilities = Object.fromEntries(labels.map((label, i) => [label, values[i] ?? NaN]));
  const best = values.reduce((most, value, i, all) => (value > (all[most] ?? NaN) ? i : most), 0);
  return { kind: 'label', label: labels[best] ?? '', probabilities };
}
