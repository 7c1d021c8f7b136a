import type { GenerationTask } from '../generation';
import { field, type Row } from '../original-rows';
import { generationOriginal } from '../originals';

export const wmt16: GenerationTask = generationOriginal(
  {
    name: 'wmt16-en-ro',
    source: 'wmt/wmt16 (ro-en)',
    files: { train: 'train', validation: 'validation', test: 'test' },
    read: (row, id) => {
      const texts = (row['translation'] ?? row) as Row;
      return { id, text: field(texts, id, 'en'), target: field(texts, id, 'ro') };
    },
  },
  { languages: { source: 'en_XX', target: 'ro_RO' }, targetTokens: 150 },
);
