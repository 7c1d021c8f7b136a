import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's paraphrases of news; scored on its validation file by F1. */
export const mrpc: ClassificationTask = classificationOriginal(
  {
    name: 'mrpc',
    pairs: true,
    source: 'nyu-mll/glue (mrpc)',
    files: { train: 'train', validation: null, test: 'validation' },
    metric: 'f1',
  },
  ['not_equivalent', 'equivalent'],
  (row, id) => ({ text: field(row, id, 'sentence1', '#1 String'), pair: field(row, id, 'sentence2', '#2 String') }),
);
