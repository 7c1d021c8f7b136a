import { runSpec } from '../store/spec';
import { tunedRate } from '../tuning/tuned';
import type { TrainingSettings } from '../../training/job';
import { configuration, variantOf } from './block';
import { sentimentBlock } from './blocks';
import { declared, familyOf, type Declared, type Variant } from './study';

/**
 * The methods of He et al. 2021, Table 2, on the sentiment task: SST-2's role. Sizes give 0.6 to 1.4% of MiniLM (22.7
 * M) where a
 * method has a size; MAM divides the budget of the scaled parallel adapter about 1:16 as the paper does (30:512).
 */
const methods: readonly (readonly [method: string, label: string])[] = [
  ['full', 'full fine-tuning'],
  ['head', 'head only'],
  ['bitfit', 'BitFit'],
  ['prompt:l=20', 'prompt tuning l=20'],
  ['prefix:l=32', 'prefix tuning l=32'],
  ['lora:r=16', 'LoRA r=16'],
  ['houlsby:m=16', 'Houlsby adapter m=16'],
  ['pa-ffn:r=64,s=4', 'scaled PA (FFN) r=64'],
  ['mam:l=4,r=60', 'MAM l=4, r=60'],
];

/** One pass over a part of the data: minutes on two cores. */
const firstLook: Partial<TrainingSettings> = {
  examples: 2000,
  epochs: 1,
  batch: 32,
  scored: { validation: 400, test: 1500 },
  evaluations: 2,
};

const name = 'existing-methods';

/** The first study. At tier full it shows the sentiment block's runs; Table 2 itself, at one share, is `easy-tasks`. */
export const existingMethods: Declared = declared(name, (tier) => {
  const variant = (method: string, label: string): Variant => {
    if (tier === 'full') return variantOf(configuration(method, label), [sentimentBlock], tier);
    const training = { ...firstLook, learningRate: tunedRate(name, familyOf(method)) };
    const spec = runSpec({ study: name, model: 'minilm-l6', task: 'sentiment', tier, method, seed: 1, training });
    return { name: spec.method, label, runs: [spec] };
  };
  return {
    title: 'Existing methods on sentiment: trained parameters against accuracy',
    source: 'He et al. 2021, Table 2',
    rows: ['A1'],
    notebook: 'notebooks/00-start-here.ipynb',
    variants: methods.map(([method, label]) => variant(method, label)),
    also: (method) => variant(method, method),
  };
});
