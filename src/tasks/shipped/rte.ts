import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's small inference task; scored on its validation file. */
export const rte: ClassificationTask = classificationOriginal(
  {
    name: 'rte',
    pairs: true,
    source: 'nyu-mll/glue (rte)',
    files: { train: 'train', validation: null, test: 'validation' },
  },
  ['entailment', 'not_entailment'],
  (row, id) => ({ text: field(row, id, 'sentence1'), pair: field(row, id, 'sentence2') }),
);
