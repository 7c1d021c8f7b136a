import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's inference task; scored on its matched validation file. */
export const mnli: ClassificationTask = classificationOriginal(
  {
    name: 'mnli',
    pairs: true,
    source: 'nyu-mll/glue (mnli)',
    files: { train: 'train', validation: null, test: 'validation_matched' },
  },
  ['entailment', 'neutral', 'contradiction'],
  (row, id) => ({ text: field(row, id, 'premise', 'sentence1'), pair: field(row, id, 'hypothesis', 'sentence2') }),
);
