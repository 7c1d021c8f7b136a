import { full, generationStudy, loraFfn, paFfn, scaled, scaledBertInit } from './generation';
import type { Declared } from './study';

/** Table 5: plain addition, a fixed scale, a learned one; and how a scaled adapter starts. Synopsis only. */
export const compositionAndScale: Declared = generationStudy({
  name: 'composition-and-scale',
  title: 'Adding, scaling, learning the scale',
  source: 'He et al. 2021, Table 5 and section 4.5',
  rows: ['A16', 'A17', 'A18', 'A19', 'A20'],
  notebook: 'notebooks/07-composition-and-scale.ipynb',
  configurations: [
    full,
    loraFfn(1),
    loraFfn(4),
    loraFfn(16),
    paFfn(146),
    scaled(1),
    scaled(4),
    scaled(16),
    scaled('learned'),
    scaledBertInit,
  ],
  tasks: ['synopsis'],
});
