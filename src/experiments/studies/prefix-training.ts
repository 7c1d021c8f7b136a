import { freePrefix, full, generationStudy, plainPrefix, prefix } from './generation';
import type { Declared } from './study';

/**
 * How a prefix is trained: through an MLP or as free vectors (synopsis), with or without regularisation
 * (English-Romanian).
 */
export const prefixTraining: Declared = generationStudy({
  name: 'prefix-training',
  title: 'Training a prefix: re-parameterisation and regularisation',
  source: 'He et al. 2021, released code',
  rows: ['A21', 'A22'],
  notebook: 'notebooks/07-composition-and-scale.ipynb',
  configurations: [full, prefix(57), freePrefix, plainPrefix],
});
