import type { TargetSettings, TrainingSettings } from '../../training/job';
import { runSpec, type Tier } from '../store/spec';
import { declared, type Declared, type Variant } from './study';

/*
 * He et al. 2021 as they ran it: their data, models and settings (their Appendix A; batches by sentences, texts up to
 * the length of a
 * target, one dropout rate for all). For machines with the data (`data/originals`), a network for the models, and days:
 * nothing here runs in this project's own time.
 */

/** One of the paper's tasks. `quick` is there to see that everything is in its place. */
interface Original {
  readonly task: string;
  readonly model: string;
  readonly source: string;
  readonly seeds: readonly number[];
  readonly training: Partial<TrainingSettings>;
  readonly methods: readonly (readonly [method: string, label: string])[];
}

const robust = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6 } as const;
const usual = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** 10 epochs, 6% warm-up, learning rate 1e-4. */
const glue: Partial<TrainingSettings> = {
  epochs: 10,
  batch: 32,
  maxLength: 512,
  learningRate: 1e-4,
  schedule: { kind: 'linear', warmup: 0.06 },
  optimizer: { ...robust, weightDecay: 0.1, clipNorm: 1 },
  dropout: 0.1,
  labelSmoothing: 0,
  evaluations: 10,
};
const glueMethods = [
  ['full', 'full fine-tuning'],
  ['bitfit', 'BitFit'],
  ['prefix:l=32,mlp=800', 'prefix tuning l=32'],
  ['lora:r=16,s=2', 'LoRA r=16'],
  ['houlsby:m=16', 'adapter m=16'],
  ['mam:l=16,r=16,s=2,mlp=800', 'MAM l=16, r=16'],
] as const;

const writing: Pick<TargetSettings, 'decoded' | 'lengthPenalty'> = { decoded: 'all', lengthPenalty: 1 };
/** 100,000 updates of 64. */
const summaries: Partial<TrainingSettings> = {
  epochs: 31,
  batch: 16,
  accumulation: 4,
  maxLength: 512,
  learningRate: 5e-5,
  schedule: { kind: 'polynomial', power: 1, end: 1e-7 / 5e-5, warmup: 0 },
  optimizer: { ...usual, weightDecay: 0.01, clipNorm: 0.1 },
  dropout: 0.1,
  labelSmoothing: 0.1,
  scored: { validation: 1600, test: 'all' },
  evaluations: 33,
  target: { ...writing, maxLength: 128, beams: 6, minLength: 10, noRepeatNgram: 3 },
};
/** 50,000 updates of 16,384 tokens, about 320 pairs. */
const translations: Partial<TrainingSettings> = {
  ...summaries,
  epochs: 26,
  batch: 80,
  maxLength: 150,
  optimizer: { ...robust, weightDecay: 0.01, clipNorm: 1 },
  scored: { validation: 1600, test: 'all' },
  evaluations: 10,
  target: { ...writing, maxLength: 150, beams: 5, minLength: 1, noRepeatNgram: 0 },
};
const writingMethods = [
  ['full', 'full fine-tuning'],
  ['bitfit', 'BitFit'],
  ['prompt:l=300', 'prompt tuning l=300'],
  ['prefix:l=200,mlp=800', 'prefix tuning l=200'],
  ['pfeiffer:r=600', 'Pfeiffer adapter r=600'],
  ['lora-ffn:r=102,s=4', 'LoRA (FFN) r=102'],
  ['pa-ffn:r=1024,s=4', 'scaled PA (FFN) r=1024'],
  ['mam:l=30,r=512,mlp=800', 'MAM l=30, r=512'],
] as const;

const originals: readonly Original[] = [
  {
    task: 'sst2',
    model: 'roberta-base',
    source: 'Table 2, SST-2',
    seeds: [42, 2, 4, 6, 8],
    training: glue,
    methods: glueMethods,
  },
  {
    task: 'mnli',
    model: 'roberta-base',
    source: 'Table 2, MNLI',
    seeds: [42, 2, 4, 6, 8],
    training: glue,
    methods: glueMethods,
  },
  {
    task: 'xsum',
    model: 'bart-large',
    source: 'Table 6, XSum',
    seeds: [1, 2, 3],
    training: summaries,
    methods: writingMethods,
  },
  {
    task: 'wmt16-en-ro',
    model: 'mbart-large-cc25',
    source: 'Table 6, WMT16 en-ro',
    seeds: [1, 2, 3],
    training: translations,
    methods: writingMethods,
  },
];

/**
 * A study for each of the paper's own tasks: `original-sst2`, `original-mnli`, `original-xsum`, `original-wmt16-en-ro`.
 */
export const originalStudies: readonly Declared[] = originals.map(
  ({ task, model, source, seeds, training, methods }) => {
    const study = `original-${task}`;
    const small = {
      examples: 8 * (training.batch ?? 1),
      epochs: 1,
      scored: { validation: 16, test: 16 },
      evaluations: 1,
      ...(training.target && { target: { ...training.target, decoded: 4 } }),
    };
    const variant = (tier: Tier, method: string, label: string): Variant => {
      const settings = { ...training, ...(tier === 'quick' ? small : {}) };
      const runs = (tier === 'quick' ? seeds.slice(0, 1) : seeds).map((seed) =>
        runSpec({ study, method, model, task, seed, tier, training: settings }),
      );
      return { name: runs[0]?.method ?? method, label, runs };
    };
    return declared(study, (tier) => ({
      title: `${task} with ${model}, the paper's own settings`,
      source: `He et al. 2021, ${source}`,
      rows: [],
      notebook: 'notebooks/04-existing-methods-and-budgets.ipynb',
      variants: methods.map(([method, label]) => variant(tier, method, label)),
      also: (method) => variant(tier, method, method),
    }));
  },
);
