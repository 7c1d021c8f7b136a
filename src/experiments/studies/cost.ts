import { configuration, variantOf, type Block, type Configuration } from './block';
import { synopsisBlock } from './blocks';
import { bitfit, full, lora, loraFfn, mam, paFfn, pfeiffer, prefix, prompt } from './generation';
import { declared, type Declared } from './study';

/** Short runs of their own: 48 steps are enough to time one, and nothing else may run beside them. */
const costBlock: Block = {
  ...synopsisBlock,
  name: 'cost',
  training: {
    quick: { ...synopsisBlock.training.quick, examples: 96, scored: { validation: 0, test: 32 }, evaluations: 0 },
    full: { ...synopsisBlock.training.full, examples: 768, scored: { validation: 0, test: 256 }, evaluations: 0 },
  },
};

const methods: readonly Configuration[] = [
  full,
  bitfit,
  prompt,
  prefix(57),
  lora(57),
  loraFfn(4),
  pfeiffer,
  paFfn(146),
  mam,
];

/** Section 4.6: the seconds of a training step and of scoring, and the memory of a process that does nothing else. */
export const cost: Declared = declared(costBlock.name, (tier) => ({
  title: 'What a method costs: seconds a step, seconds to score, memory',
  scores: 'Trained parameters and score after 48 steps',
  source: 'He et al. 2021, section 4.6',
  rows: ['A27'],
  notebook: 'notebooks/08-mix-and-match.ipynb',
  variants: methods.map((config) => variantOf(config, [costBlock], tier)),
  also: (method) => variantOf(configuration(method, method), [costBlock], tier),
  alone: true,
  minutes: 0.3,
}));
