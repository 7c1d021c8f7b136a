import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's pronouns as inference; scored on its validation file. Published averages leave it out. */
export const wnli: ClassificationTask = classificationOriginal(
  {
    name: 'wnli',
    pairs: true,
    source: 'nyu-mll/glue (wnli)',
    files: { train: 'train', validation: null, test: 'validation' },
  },
  ['not_entailment', 'entailment'],
  (row, id) => ({ text: field(row, id, 'sentence1'), pair: field(row, id, 'sentence2') }),
);
