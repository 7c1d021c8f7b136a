import { full, generationStudy, paAttn, paFfn, prefix, saAttn, saFfn } from './generation';
import type { Declared } from './study';

/** Tables 3 and 12: the same bottleneck reads the sub-layer's input (parallel) or its output (sequential). */
export const insertionForm: Declared = generationStudy({
  name: 'insertion-form',
  title: 'Sequential or parallel, at attention and at the FFN',
  source: 'He et al. 2021, Tables 3 and 12',
  rows: ['A6', 'A7', 'A8'],
  notebook: 'notebooks/05-insertion-form.ipynb',
  configurations: [
    full,
    ...[57, 146].flatMap((size) => [prefix(size), saAttn(size), paAttn(size), saFfn(size), paFfn(size)]),
  ],
});
