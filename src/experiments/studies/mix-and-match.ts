import {
  bitfit,
  full,
  generationStudy,
  loraFfn,
  mam,
  paFfn,
  pfeiffer,
  prefix,
  prefixLora,
  prompt,
  twoAdapters,
} from './generation';
import type { Declared } from './study';

/** Table 6: the final comparison. */
export const mixAndMatch: Declared = generationStudy({
  name: 'mix-and-match',
  title: 'The mix-and-match adapter against its parts and rivals',
  source: 'He et al. 2021, Table 6',
  rows: ['A23', 'A24', 'A25'],
  notebook: 'notebooks/08-mix-and-match.ipynb',
  configurations: [full, bitfit, prompt, prefix(57), pfeiffer, loraFfn(4), paFfn(292), twoAdapters, prefixLora, mam],
});
