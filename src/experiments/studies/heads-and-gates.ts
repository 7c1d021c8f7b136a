import { full, generationStudy, multiHead, paAttn, paFfn, prefix, ungated } from './generation';
import type { Declared } from './study';

/**
 * Table 4: one bottleneck for each head, the gate of prefix tuning, and a budget that shrinks to a seventh.
 * English-Romanian only.
 */
export const headsAndGates: Declared = generationStudy({
  name: 'heads-and-gates',
  title: 'Multi-head modifications and the gate at a medium and a tiny budget',
  source: 'He et al. 2021, Table 4',
  rows: ['A12', 'A13', 'A14', 'A15'],
  notebook: 'notebooks/06-modified-representation.ipynb',
  configurations: [full, paAttn(57), prefix(57), multiHead(57), prefix(8), ungated, paFfn(8), paAttn(8), multiHead(8)],
  tasks: ['english-romanian'],
});
