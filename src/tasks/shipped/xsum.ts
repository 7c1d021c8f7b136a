import type { GenerationTask } from '../generation';
import { field } from '../original-rows';
import { generationOriginal } from '../originals';

export const xsum: GenerationTask = generationOriginal(
  {
    name: 'xsum',
    source: 'EdinburghNLP/xsum',
    files: { train: 'train', validation: 'validation', test: 'test' },
    read: (row, id) => ({ id, text: field(row, id, 'document'), target: field(row, id, 'summary') }),
  },
  { languages: null, targetTokens: 128 },
);
