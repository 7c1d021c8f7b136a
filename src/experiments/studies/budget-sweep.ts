import { bitfit, full, generationStudy, lora, mam, prefix, prompt, saFfn } from './generation';
import type { Declared } from './study';

/** Figure 4: existing methods over the budget, the dashed line of full fine-tuning, and MAM as Figure 2 adds it. */
export const budgetSweep: Declared = generationStudy({
  name: 'budget-sweep',
  title: 'Existing methods over the parameter budget',
  source: 'He et al. 2021, Figures 2 and 4',
  rows: ['A2', 'A3', 'A4', 'A5'],
  notebook: 'notebooks/04-existing-methods-and-budgets.ipynb',
  configurations: [
    full,
    bitfit,
    prompt,
    prefix(1),
    prefix(8),
    prefix(57),
    prefix(146),
    saFfn(1),
    saFfn(8),
    saFfn(57),
    saFfn(146),
    lora(1),
    lora(8),
    lora(57),
    mam,
  ],
});
