import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's pairs of questions; scored on its validation file by F1. */
export const qqp: ClassificationTask = classificationOriginal(
  {
    name: 'qqp',
    pairs: true,
    source: 'nyu-mll/glue (qqp)',
    files: { train: 'train', validation: null, test: 'validation' },
    metric: 'f1',
  },
  ['not_duplicate', 'duplicate'],
  (row, id) => ({ text: field(row, id, 'question1'), pair: field(row, id, 'question2') }),
);
