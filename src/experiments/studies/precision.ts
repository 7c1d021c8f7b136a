import type { RunSpec } from '../store/spec';
import { changed, configuration, variantOf, type Block } from './block';
import { sentimentBlock } from './blocks';
import type { TrainingSettings } from '../../training/job';
import { declared, type Declared, type Study, type Variant } from './study';

/** The same study with every run's products in `precision`: runs of their own beside those in float32. */
export function atPrecision(study: Study, precision: TrainingSettings['precision']): Study {
  if (precision === 'float32') return study;
  const inPrecision = (spec: RunSpec): RunSpec => ({ ...spec, training: { ...spec.training, precision } });
  const placed = <T extends Pick<Variant, 'runs'>>(one: T): T => ({ ...one, runs: one.runs.map(inPrecision) });
  return {
    ...study,
    title: `${study.title}, in ${precision}`,
    variants: study.variants.map(placed),
    ...(study.trends === undefined
      ? {}
      : { trends: study.trends.map((point) => ({ ...point, methods: point.methods.map(placed) })) }),
  };
}

/** One pass over a part of the data, three seeds: enough to see the seeds' spread, which rounding must stay within. */
const block: Block = {
  ...sentimentBlock,
  name: 'precision',
  seeds: { quick: [1], full: [1, 2, 3] },
  training: {
    quick: sentimentBlock.training.quick,
    full: {
      ...sentimentBlock.training.full,
      examples: 2000,
      epochs: 1,
      scored: { validation: 0, test: 'all' },
      evaluations: 0,
    },
  },
};

const methods: readonly (readonly [method: string, label: string])[] = [
  ['full', 'full fine-tuning'],
  ['lora:r=16', 'LoRA r=16'],
  ['pa-ffn:r=64,s=4', 'scaled PA (FFN) r=64'],
];

/** Products with the backbone's matrices in float32 and in bfloat16: accuracy and seconds. */
export const precision: Declared = declared(block.name, (tier) => {
  const variants = methods
    .map(([method, label]) => configuration(method, label))
    .flatMap((config) => [config, changed(config, { precision: 'bfloat16' }, 'bfloat16')]);
  return {
    title: 'Products in bfloat16 against float32 on sentiment',
    source: 'the engine, `docs/engine.md`',
    rows: [],
    notebook: 'notebooks/00-start-here.ipynb',
    variants: variants.map((config) => variantOf(config, [block], tier)),
    also: (method) => variantOf(configuration(method, method), [block], tier),
  };
});
