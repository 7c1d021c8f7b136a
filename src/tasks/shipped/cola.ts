import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's acceptability task; scored on its validation file by Matthews correlation. */
export const cola: ClassificationTask = classificationOriginal(
  {
    name: 'cola',
    source: 'nyu-mll/glue (cola)',
    files: { train: 'train', validation: null, test: 'validation' },
    metric: 'matthews',
  },
  ['unacceptable', 'acceptable'],
  (row, id) => ({ text: field(row, id, 'sentence'), pair: null }),
);
