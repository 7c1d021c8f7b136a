import type { Link } from '../../statistics/link';
import type { Configuration } from '../../studies/block';
import * as g from '../../studies/generation';
import { summarised } from '../../studies/summarisation';
import { translated } from '../../studies/translation';
import type { Claims } from '../finding';
import { both, onSecondBase, onSummarisation, onTranslation, type Row } from './row';

/** Every FFN point of at least 6% above every attention point; the exception at 2.4% is the paper's own. */
const above = (
  { greater }: Claims,
  ffn: readonly Configuration[],
  attention: readonly Configuration[],
): readonly Link[] => ffn.flatMap((one) => attention.map((other) => greater(one, other)));

/** Notebook 06: modified representation, heads and gates. */
export function representation(): readonly Row[] {
  const { greater, atLeast } = onTranslation('heads-and-gates', 'Table 4');
  const [s, t] = [summarised(), translated()];
  const small = [g.prefix(8), g.paAttn(8)] as const;
  return [
    {
      id: 'A9',
      source: 'Figure 5, left',
      text: 'On summarisation, modifying the FFN beats modifying attention',
      links: above(onSummarisation('Table 12'), [s.largePaFfn, s.loraFfn], [s.prefix, s.paAttn, s.lora]),
    },
    {
      id: 'A10',
      source: 'Figure 5, right',
      text: 'On translation, modifying the FFN beats modifying attention',
      links: above(onSecondBase('Table 12'), [t.largePaFfn], [t.prefix, t.paAttn]),
    },
    {
      id: 'A11',
      source: 'Table 12',
      text: 'Prefix tuning stops improving beyond l = 200',
      standing: 'single runs',
      links: both('modified-representation', ['Table 12', 'Figure 4'], (on) => [
        on.atLeast(g.prefix(57), g.prefix(146), [g.prefix(57), g.prefix(8)]),
      ]),
    },
    {
      id: 'A12',
      source: 'Table 4, top',
      text: 'At a medium budget the multi-head parallel adapter is at least level with prefix tuning and the parallel adapter (here by the equation; the released code reads a normed x and unscaled queries)',
      worstOf: 2,
      links: [atLeast(g.multiHead(57), g.paAttn(57), small), atLeast(g.multiHead(57), g.prefix(57), small)],
    },
    {
      id: 'A13',
      source: 'Table 4, bottom',
      text: 'At a tiny budget multi-head modifications of attention beat the parallel adapters at attention and FFN',
      worstOf: 4,
      links: [g.multiHead(8), g.prefix(8)].flatMap((heads) =>
        [g.paAttn(8), g.paFfn(8)].map((other) => greater(heads, other)),
      ),
    },
    {
      id: 'A14',
      source: 'Table 4, bottom',
      text: 'The gate of prefix tuning helps',
      links: [greater(g.prefix(8), g.ungated)],
    },
    {
      id: 'A15',
      source: 'Table 4',
      text: 'Shrinking the budget costs prefix tuning less than the parallel adapter at attention',
      links: [greater([g.prefix(8), g.paAttn(57)], [g.prefix(57), g.paAttn(8)])],
    },
  ];
}
