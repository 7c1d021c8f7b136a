import { full, generationStudy, lora, loraFfn, paAttn, paFfn, prefix } from './generation';
import type { Declared } from './study';

/** Figure 5: attention or FFN, and a prefix that grows. */
export const modifiedRepresentation: Declared = generationStudy({
  name: 'modified-representation',
  title: 'Modifying attention or the FFN',
  source: 'He et al. 2021, Figure 5 and Table 12',
  rows: ['A9', 'A10', 'A11'],
  notebook: 'notebooks/06-modified-representation.ipynb',
  configurations: [
    full,
    prefix(57),
    prefix(146),
    paAttn(57),
    paAttn(146),
    lora(57),
    paFfn(57),
    paFfn(146),
    paFfn(292),
    loraFfn(4),
  ],
});
