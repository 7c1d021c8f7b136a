import * as g from '../../studies/generation';
import { summarised } from '../../studies/summarisation';
import { opinions, pairs } from '../../studies/table-two';
import { translated } from '../../studies/translation';
import { flattens } from '../finding';
import { onSecondBase, onSummarisation, onTableTwo, onTranslation, onXsum, type Row } from './row';

/** Table 6 prints full fine-tuning, which Figures 2 and 4 draw as a line. */
const curves = ['Table 12', 'Figure 4', 'Table 6'];

/** Notebook 04: existing methods and budgets. */
export function existing(): readonly Row[] {
  return [...overall(), ...budgets()];
}

function overall(): readonly Row[] {
  const [mnli, sst2] = [onTableTwo(pairs), onTableTwo(opinions)];
  const [m, o] = [pairs.configurations(), opinions.configurations()];
  const xsum = onSummarisation('Table 6', 'Table 12');
  const [s, t] = [summarised(), translated()];
  const translation = onSecondBase('Table 6', 'Table 12');
  return [
    {
      id: 'A1',
      source: 'Table 2',
      text: 'On classification MAM and LoRA beat prefix tuning, which beats BitFit; MAM is as good as any and near full fine-tuning',
      links: [
        mnli.greater(m.mam, m.prefix),
        mnli.greater(m.lora, m.prefix),
        mnli.greater(m.prefix, m.bitfit),
        mnli.atLeast(m.mam, m.lora, [m.mam, m.prefix]),
        mnli.near(m.mam, m.full, [m.full, m.bitfit]),
      ],
    },
    {
      id: 'A4',
      source: 'Figure 2',
      text: 'MAM alone reaches full fine-tuning on summarisation',
      worstOf: 3,
      links: [
        xsum.atLeast(s.mam, s.full, [s.full, s.prefix]),
        ...[s.prefix, s.lora].map((method) => xsum.greater(s.full, method)),
      ],
    },
    {
      id: 'A5',
      source: 'Table 2 and Figure 4',
      text: 'The gap of existing methods to full fine-tuning is small on classification and clear on generation',
      worstOf: 7,
      links: [
        ...[s.prefix, s.saFfn, s.lora].map((method) => xsum.greater(s.full, method)),
        ...[t.prefix, t.saFfn].map((method) => translation.greater(t.full, method)),
        mnli.near(m.lora, m.full, [m.full, m.bitfit]),
        sst2.near(o.lora, o.full, [o.full, o.bitfit]),
      ],
    },
  ];
}

/** How scores go with the size. */
function budgets(): readonly Row[] {
  const xsum = onXsum('budget-sweep', ...curves);
  const translation = onTranslation('budget-sweep', ...curves);
  return [
    {
      id: 'A2',
      source: 'Figure 4, left',
      text: 'On summarisation methods rise with the budget, prefix tuning flattens, and the largest of each stays below full fine-tuning',
      standing: 'single runs',
      links: [
        xsum.greater(g.full, g.saFfn(146)),
        xsum.greater(g.full, g.prefix(146)),
        xsum.greater(g.full, g.lora(57)),
        xsum.greater(g.prefix(57), g.prefix(8)),
        xsum.greater(g.saFfn(57), g.saFfn(8)),
        xsum.greater(g.lora(57), g.lora(8)),
        flattens(xsum, [
          [g.prefix(8), 8],
          [g.prefix(57), 57],
          [g.prefix(146), 146],
        ]),
      ],
    },
    {
      id: 'A3',
      source: 'Figure 4, right',
      text: 'On translation they rise, flatten and stay below full fine-tuning; r = l = 1 is far behind',
      standing: 'single runs',
      links: [
        translation.greater(g.saFfn(57), g.saFfn(1)),
        translation.greater(g.prefix(57), g.prefix(1)),
        translation.greater(g.lora(57), g.lora(1)),
        translation.greater(g.full, g.saFfn(146)),
        translation.greater(g.full, g.prefix(146)),
        translation.greater(g.full, g.lora(57)),
        flattens(translation, [
          [g.prefix(1), 1],
          [g.prefix(57), 57],
          [g.prefix(146), 146],
        ]),
        flattens(translation, [
          [g.saFfn(1), 1],
          [g.saFfn(57), 57],
          [g.saFfn(146), 146],
        ]),
      ],
    },
  ];
}
