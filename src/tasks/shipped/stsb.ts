import { field, numberField } from '../original-rows';
import { regressionOriginal } from '../originals';
import type { RegressionTask } from '../regression';

/** GLUE's similarity of sentences, from 0 to 5; scored on its validation file by Spearman's correlation. */
export const stsb: RegressionTask = regressionOriginal(
  {
    name: 'stsb',
    pairs: true,
    source: 'nyu-mll/glue (stsb)',
    files: { train: 'train', validation: null, test: 'validation' },
    read: (row, id) => ({
      id,
      text: field(row, id, 'sentence1'),
      pair: field(row, id, 'sentence2'),
      value: numberField(row, id, 'label', 'score'),
    }),
  },
  [0, 5],
);
