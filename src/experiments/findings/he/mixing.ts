import * as g from '../../studies/generation';
import { summarised } from '../../studies/summarisation';
import { descending } from '../finding';
import { onSummarisation, onTranslation, onXsum, type Row } from './row';

/** Notebook 08: mix-and-match, where to spend the budget, cost. */
export function mixing(): readonly Row[] {
  const xsum = onSummarisation('Table 6', 'Table 12');
  const s = summarised();
  const translation = onTranslation('mix-and-match', 'Table 6');
  const split = onXsum('budget-split');
  return [
    {
      id: 'A23',
      source: 'Table 6',
      text: 'Parallel adapter at the FFN, LoRA at the FFN, Pfeiffer, prefix tuning, BitFit, prompt tuning: in this order, Pfeiffer level with LoRA on translation',
      links: [
        xsum.greater(s.loraFfn, s.prefix),
        xsum.greater(s.prefix, s.prompt),
        translation.near(g.loraFfn(4), g.pfeiffer, [g.paFfn(292), g.prefix(57)]),
        ...descending(translation, [g.paFfn(292), g.loraFfn(4), g.prefix(57), g.bitfit, g.prompt]),
      ],
    },
    {
      id: 'A24',
      source: 'Table 6',
      text: 'MAM beats the other combinations of the same size',
      links: [
        ...[s.twoAdapters, s.prefixLora].map((other) => xsum.greater(s.mam, other)),
        ...[g.twoAdapters, g.prefixLora].map((other) => translation.greater(g.mam, other)),
      ],
    },
    {
      id: 'A25',
      source: 'Table 6',
      text: 'MAM is level with full fine-tuning',
      links: [
        xsum.atLeast(s.mam, s.full, [s.full, s.loraFfn]),
        translation.atLeast(g.mam, g.full, [g.full, g.loraFfn(4)]),
      ],
    },
    {
      id: 'A26',
      source: 'Section 4.4',
      text: 'A small prefix at attention and a large adapter at the FFN may be an effective division of a budget',
      standing: 'remark',
      links: [g.allAttention, g.halfHalf, g.allFfn].map((other) => split.greater(g.mam, other)),
    },
    {
      id: 'A27',
      source: 'Section 4.6',
      text: 'MAM takes 1.0 to 1.5 times the training time of full fine-tuning and the same inference time',
      mute: 'the paper means the time to convergence; runs of a fixed number of steps show the time of a step',
      links: [
        onXsum('cost').ratio(g.mam, g.full, 'step time', [1, 1.5]),
        onXsum('cost').ratio(g.mam, g.full, 'scoring time', [0.9, 1.1]),
      ],
    },
  ];
}
