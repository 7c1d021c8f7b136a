import { defaultTraining } from '../store/spec';
import type { TargetSettings, TrainingSettings } from '../../training/job';
import type { Block } from './block';
import { generationFamilyOf } from './families';
import { familyOf } from './study';

/**
 * The five settings of Table 13's column for generation, on 320 steps of 16; `quick` is there to see that everything
 * runs.
 */
const generation: Partial<TrainingSettings> = {
  epochs: 1,
  batch: 16,
  labelSmoothing: 0.1,
  schedule: { kind: 'linear', warmup: 0.06 },
};
const generationSeeds = { quick: [1], full: [1, 2, 3] } as const;

/**
 * Greedy, of the first 500 test examples: texts are shown beside the statistic that decides, which is the likelihood of
 * the targets.
 */
const writing: Omit<TargetSettings, 'maxLength'> = {
  decoded: 500,
  beams: 1,
  lengthPenalty: 1,
  minLength: 1,
  noRepeatNgram: 0,
};

/** @param lengths most tokens of a source and of a target */
function generationBlock(task: string, [maxLength, targetLength]: readonly [source: number, target: number]): Block {
  const target = { ...writing, maxLength: targetLength };
  return {
    name: task,
    task,
    model: 'petl-mini-seq2seq',
    tuning: task,
    familyOf: generationFamilyOf,
    seeds: generationSeeds,
    training: {
      quick: {
        ...generation,
        maxLength,
        target: { ...target, decoded: 16 },
        examples: 160,
        scored: { validation: 64, test: 64 },
        evaluations: 1,
      },
      full: {
        ...generation,
        maxLength,
        target,
        examples: 5120,
        scored: { validation: 500, test: 1000 },
        evaluations: 2,
      },
    },
  };
}

/** XSum's role. */
export const synopsisBlock: Block = generationBlock('synopsis', [96, 32]);
/** The role of WMT16 en-ro. */
export const translationBlock: Block = generationBlock('english-romanian', [48, 64]);

/** Table 13's column for GLUE, 300 steps of 32. */
const classification: Readonly<Record<'quick' | 'full', Partial<TrainingSettings>>> = {
  quick: { batch: 32, examples: 320, epochs: 1, scored: { validation: 128, test: 256 }, evaluations: 1 },
  full: { batch: 32, examples: 4800, epochs: 2, scored: { validation: 'all', test: 'all' }, evaluations: 3 },
};
const classificationSeeds = { quick: [1], full: [1, 2, 3, 4, 5] } as const;

function classificationBlock(task: string): Block {
  // One model, so one tuning: at the middle size, on sentiment.
  return {
    name: task,
    task,
    model: 'minilm-l6',
    tuning: 'existing-methods',
    familyOf,
    seeds: classificationSeeds,
    training: classification,
  };
}

/** SST-2's role. */
export const sentimentBlock: Block = classificationBlock('sentiment');
/** MNLI's role. */
export const paraphraseBlock: Block = classificationBlock('verse-paraphrase');

export const blocks: readonly Block[] = [sentimentBlock, paraphraseBlock, translationBlock, synopsisBlock];

/** Neither label smoothing nor weight decay. */
export const unregularised: Partial<TrainingSettings> = {
  labelSmoothing: 0,
  optimizer: { ...defaultTraining.optimizer, weightDecay: 0 },
};
