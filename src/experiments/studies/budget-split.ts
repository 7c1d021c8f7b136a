import { allAttention, allFfn, full, generationStudy, halfHalf, mam } from './generation';
import type { Declared } from './study';

/** Section 4.4's advice as a comparison: 6.7% divided between attention and FFN in four ways. Synopsis only. */
export const budgetSplit: Declared = generationStudy({
  name: 'budget-split',
  title: 'Where to spend the budget: attention or FFN',
  source: 'He et al. 2021, section 4.4',
  rows: ['A26'],
  notebook: 'notebooks/08-mix-and-match.ipynb',
  configurations: [full, allFfn, mam, halfHalf, allAttention],
  tasks: ['synopsis'],
});
