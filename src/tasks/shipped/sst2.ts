import type { ClassificationTask } from '../classification';
import { field } from '../original-rows';
import { classificationOriginal } from '../originals';

/** GLUE's sentiment task; scored on its validation file, as He et al. 2021 do. */
export const sst2: ClassificationTask = classificationOriginal(
  { name: 'sst2', source: 'stanfordnlp/sst2', files: { train: 'train', validation: null, test: 'validation' } },
  ['negative', 'positive'],
  (row, id) => ({ text: field(row, id, 'sentence'), pair: null }),
);
