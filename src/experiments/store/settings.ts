import type { TrainingSettings } from '../../training/job';

/** quick: a whole study in minutes on two cores; full: the numbers. */
export type Tier = 'quick' | 'full';
export const tiers: readonly Tier[] = ['quick', 'full'];

/** Everything that decides a run's numbers. No optional fields: a result file explains itself. */
export interface RunSpec {
  readonly study: string;
  /** Written form, as `printMethod` prints it. */
  readonly method: string;
  readonly model: string;
  readonly task: string;
  readonly training: TrainingSettings;
  readonly seed: number;
  readonly tier: Tier;
}

/** The settings of He et al. 2021 for GLUE (Table 13) on one pass over a small set; a study changes what it varies. */
export const defaultTraining: TrainingSettings = {
  examples: 'all',
  epochs: 1,
  batch: 32,
  accumulation: 1,
  maxLength: 64,
  learningRate: 1e-3,
  schedule: { kind: 'linear', warmup: 0.06 },
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.01, clipNorm: 1 },
  dropout: 0.1,
  labelSmoothing: 0,
  scored: { validation: 'all', test: 'all' },
  evaluations: 1,
  best: null,
  stop: null,
  from: null,
  teacher: null,
  before: null,
  precision: 'float32',
  target: null,
};

/**
 * Settings younger than the first committed runs, with the value that means what those did: such a value takes no part
 * in a run's id.
 */
export const younger: Pick<
  TrainingSettings,
  'target' | 'accumulation' | 'best' | 'stop' | 'from' | 'teacher' | 'before'
> = { target: null, accumulation: 1, best: null, stop: null, from: null, teacher: null, before: null };
