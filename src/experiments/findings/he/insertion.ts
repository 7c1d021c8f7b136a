import * as g from '../../studies/generation';
import { both, type Row } from './row';

/** Notebook 05: insertion form. */
export const insertion = (): readonly Row[] => [
  {
    id: 'A6',
    source: 'Table 3',
    text: 'At attention, prefix tuning and the parallel adapter are level, the sequential adapter is last',
    links: both('insertion-form', ['Table 12'], ({ near, greater }) => [
      greater(g.paAttn(57), g.saAttn(57)),
      greater(g.prefix(57), g.saAttn(57)),
      near(g.prefix(57), g.paAttn(57), [g.prefix(57), g.saAttn(57)]),
    ]),
  },
  {
    id: 'A7',
    source: 'Table 3',
    text: 'At the FFN, the parallel adapter beats the sequential one',
    links: both('insertion-form', ['Table 12'], ({ greater }) => [greater(g.paFfn(57), g.saFfn(57))]),
  },
  {
    id: 'A8',
    source: 'Table 12',
    text: 'Parallel beats sequential at every r',
    standing: 'single runs',
    links: both('insertion-form', ['Table 12'], ({ greater }) =>
      [57, 146].flatMap((r) => [greater(g.paAttn(r), g.saAttn(r)), greater(g.paFfn(r), g.saFfn(r))]),
    ),
  },
];
