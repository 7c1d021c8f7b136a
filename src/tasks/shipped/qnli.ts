import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's questions with sentences that may answer them; scored on its validation file. */
export const qnli: ClassificationTask = classificationOriginal(
  {
    name: 'qnli',
    pairs: true,
    source: 'nyu-mll/glue (qnli)',
    files: { train: 'train', validation: null, test: 'validation' },
  },
  ['entailment', 'not_entailment'],
  (row, id) => ({ text: field(row, id, 'question'), pair: field(row, id, 'sentence') }),
);
