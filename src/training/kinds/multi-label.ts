import * as v from 'valibot';
import { upload } from '../../engine/memory';
import { tf } from '../../engine/tf';
import { UserError } from '../../errors';
import { multiLabelTask, type MultiLabelExample, type MultiLabelTask } from '../../tasks/multi-label';
import type { LabelledBatch } from '../labelled';
import { anyLabels } from '../objectives';
import { defineKind, type TaskKind } from './kind';
import { openPooled } from './pooled';
import * as says from './says';
import { demandText, withoutExamples } from './texts';

/** A text's labels as 1 and 0 for each of the task's. */
function flags(count: number, labels: readonly number[]): readonly number[] {
  return Array.from({ length: count }, (_, label) => Number(labels.includes(label)));
}

/**
 * Texts with any number of labels, none among them: every label is a decision of its own (binary cross-entropy), taken
 * where its probability is above one half.
 */
export const multiLabel: TaskKind = defineKind<
  MultiLabelTask,
  MultiLabelExample,
  LabelledBatch,
  Pick<MultiLabelTask, 'metric' | 'labels'>
>({
  name: 'multi-label',
  note: ({ kind, name, metric, labels }) => ({ kind, name, metric, labels }),
  says: { metric: v.picklist(['micro-f1', 'exact-match', 'accuracy']), labels: says.names },
  noted: ({ name, metric, labels }) => multiLabelTask({ name, metric, labels, load: withoutExamples(name) }),
  check: ({ name, labels }, data) => {
    demandText(name, data);
    for (const { id, labels: own } of Object.values(data).flat()) {
      const wrong = own.find((label) => !Number.isInteger(label) || label < 0 || label >= labels.length);
      if (wrong !== undefined)
        throw new UserError(
          `task "${name}", example ${id}: label ${wrong} is no index of its ${labels.length} labels (${labels.join(', ')})`,
        );
    }
  },
  programs: () => null,
  open: (model, task, job) =>
    openPooled(model, task, job, {
      objective: anyLabels,
      labels: ({ labels }) => ({
        of: (example) => flags(labels.length, example.labels),
        none: flags(labels.length, []),
        upload: (all) => upload(Float32Array.from(all.flat()), [all.length, labels.length]),
        each: labels.length,
      }),
      right: (example) => flags(task.labels.length, example.labels),
      squash: (outputs) => tf.sigmoid(outputs),
      answer: ({ labels }, values) => ({
        kind: 'labels',
        labels: labels.filter((_, i) => (values[i] ?? 0) > 0.5),
        probabilities: Object.fromEntries(labels.map((label, i) => [label, values[i] ?? NaN])),
      }),
    }),
});
