import type { Finding } from '../verdict';
import { greater, near, open } from './finding';

const existing = { paper: 'he', study: 'existing-methods', notebook: 'notebooks/00-start-here.ipynb', source: 'Table 2, SST-2' } as const;
const [full, bitfit, prefix, lora, adapter, mam] = ['full', 'bitfit', 'prefix:l=32', 'lora:r=16', 'houlsby:m=16', 'mam:l=4,r=60'] as const;

/** He et al. 2021: the findings of its tables and figures. */
export const he: readonly Finding[] = [
  ...open('he', [['A1', 'Table 2, MNLI', 'MAM is at least as good as LoRA and adapters, these beat prefix tuning, and it beats BitFit; MAM comes near full fine-tuning']]),
  { ...existing, id: 'A1a', text: 'MAM, LoRA and adapters come near full fine-tuning on an easy task', links: [near(mam, full), near(lora, full), near(adapter, full)] },
  { ...existing, id: 'A1b', text: 'MAM beats prefix tuning, and prefix tuning beats BitFit', links: [greater(mam, prefix), greater(prefix, bitfit)] },
  ...open('he', [
    ['A2', 'Figure 4, left', 'On summarisation all methods rise with the budget, then flatten below full fine-tuning'],
    ['A3', 'Figure 4, right', 'The same on translation; r = l = 1 is far behind'],
    ['A4', 'Figure 2', 'MAM alone reaches full fine-tuning on summarisation'],
    ['A5', 'Table 2 and Figure 4', 'The gap to full fine-tuning is near 0 on classification and clear on generation'],
    ['A6', 'Table 3', 'At attention, prefix tuning and the parallel adapter are level, the sequential adapter is last'],
    ['A7', 'Table 3', 'At the FFN, the parallel adapter beats the sequential one'],
    ['A8', 'Table 12', 'Parallel beats sequential at every r; the sequential adapter at attention gets worse from r = 200 to 512'],
    ['A9', 'Figure 5, left', 'On summarisation, modifying the FFN beats modifying attention'],
    ['A10', 'Figure 5, right', 'On translation, modifying the FFN beats modifying attention'],
    ['A11', 'Table 12', 'Prefix tuning stops improving beyond l = 200'],
    ['A12', 'Table 4, top', 'At a medium budget the multi-head parallel adapter is at least level with prefix tuning and the parallel adapter'],
    ['A13', 'Table 4, bottom', 'At a tiny budget multi-head modifications of attention beat the parallel adapters at attention and FFN'],
    ['A14', 'Table 4, bottom', 'The gate of prefix tuning helps'],
    ['A15', 'Table 4', 'Shrinking the budget costs prefix tuning less than the parallel adapter at attention'],
    ['A16', 'Table 5', 'LoRA at the FFN is better with s = 4 than with s = 1'],
    ['A17', 'Table 5', 'The scaled parallel adapter (s = 4) beats the plain one'],
    ['A18', 'Table 5', 'A learned scale is no better than the fixed one'],
    ['A19', 'Section 4.5', 'The best scale lies inside the grid'],
    ['A20', 'Section 4.5', 'The scaled parallel adapter is better with LoRA\'s initialisation than with BERT\'s'],
    ['A21', 'Released code', 'Prefix tuning trains better through an MLP than as free vectors'],
    ['A22', 'Released scripts', 'Prefix tuning on translation prefers no label smoothing and no weight decay'],
    ['A23', 'Table 6', 'Parallel adapter at the FFN, LoRA at the FFN, Pfeiffer, prefix tuning, BitFit, prompt tuning: in this order'],
    ['A24', 'Table 6', 'MAM beats the other combinations of the same size'],
    ['A25', 'Table 6', 'MAM is level with full fine-tuning'],
    ['A26', 'Section 4.4', 'A small prefix at attention and a large adapter at the FFN is the best division of a budget'],
    ['A27', 'Section 4.6', 'MAM takes 1.0 to 1.5 times the training time of full fine-tuning and the same inference time'],
  ]),
];
