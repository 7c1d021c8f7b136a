import type { Link } from '../../statistics/link';
import type { Configuration } from '../../studies/block';
import * as g from '../../studies/generation';
import { summarised } from '../../studies/summarisation';
import { translated } from '../../studies/translation';
import type { Claims } from '../finding';
import { both, onSecondBase, onSummarisation, type Row } from './row';

/** Notebook 05: insertion form. */
export function insertion(): readonly Row[] {
  const [s, t] = [summarised(), translated()];
  const [summaries, translation] = [onSummarisation('Table 12'), onSecondBase('Table 12')];
  return [
    {
      id: 'A6',
      source: 'Table 3',
      text: 'At attention, prefix tuning and the parallel adapter are level, the sequential adapter is last',
      worstOf: 6,
      links: [...levelAtAttention(summaries, s), ...levelAtAttention(translation, t)],
    },
    {
      id: 'A7',
      source: 'Table 3',
      text: 'At the FFN, the parallel adapter beats the sequential one',
      links: [summaries.greater(s.paFfn, s.saFfn), translation.greater(t.paFfn, t.saFfn)],
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
}

type AtAttention = Readonly<Record<'paAttn' | 'saAttn' | 'prefix', Configuration>>;

const levelAtAttention = ({ near, greater }: Claims, { paAttn, saAttn, prefix }: AtAttention): readonly Link[] => [
  greater(paAttn, saAttn),
  greater(prefix, saAttn),
  near(prefix, paAttn, [prefix, saAttn]),
];
