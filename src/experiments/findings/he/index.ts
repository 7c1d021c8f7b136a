import type { Finding } from '../verdict';
import { composition } from './composition';
import { existing } from './existing';
import { insertion } from './insertion';
import { mixing } from './mixing';
import { representation } from './representation';
import type { Row } from './row';

const notebooks: readonly (readonly [name: string, rows: readonly Row[]])[] = [
  ['04-existing-methods-and-budgets', existing()],
  ['05-insertion-form', insertion()],
  ['06-modified-representation', representation()],
  ['07-composition-and-scale', composition()],
  ['08-mix-and-match', mixing()],
];

/** He et al. 2021: what its tables, figures and text say, and the comparisons that stand for it. */
export const he: readonly Finding[] = notebooks
  .flatMap(([name, rows]) =>
    rows.map((row): Finding => ({ standing: 'claim', ...row, paper: 'he', notebook: `notebooks/${name}.ipynb` })),
  )
  .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
