import type { DataPrint } from '../../tasks/fingerprint';
import type { TrainingJob, TrainingOutcome, Written } from '../../training/job';
import type { Environment } from './environment';
import type { RunSpec } from './settings';

/** Counted elements of a run's method on its model (design: "Counts"); `backbone` is the denominator of every share. */
export interface RunCounts {
  readonly trained: number;
  readonly used: number;
  readonly stored: number;
  readonly head: number;
  readonly paper: number;
  readonly backbone: number;
}

/** First line of a run's file: what was run, on what. */
export interface RunLine {
  readonly kind: 'run';
  /** Version of this file format. */
  readonly format: 1;
  readonly id: string;
  /** What a reader sees: `LoRA r=16`. */
  readonly label: string;
  readonly spec: RunSpec;
  readonly counts: RunCounts;
  readonly engine: TrainingJob['engine'];
  readonly environment: Environment;
  /** ISO 8601, UTC. */
  readonly started: string;
}

/** A point of the training curve: the loss of one batch. */
export interface TrainLine {
  readonly kind: 'train';
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Seconds since the start of training. */
  readonly seconds: number;
}

export interface EvalLine {
  readonly kind: 'eval';
  readonly step: number;
  readonly seconds: number;
  readonly split: 'validation';
  readonly loss: number;
  readonly score: number;
}

/** Last line: without it a run does not count. */
export interface FinalLine {
  readonly kind: 'final';
  /** On test, in the metric's own unit; null for a tuning trial, which never sees the test set. */
  readonly score: number | null;
  readonly loss: number | null;
  readonly metric: string;
  /** Each scored test example's part of the score, in task order: their mean is the score. */
  readonly perExample: readonly number[];
  /**
   * Tokens of each example's target, for scores per token: example i's sum is `perExample[i]` times the mean of
   * `tokens`. Empty where each
   * example has one label.
   */
  readonly tokens: readonly number[];
  /** Share of test examples answered exactly right, where that stands beside the score. */
  readonly exact?: number | undefined;
  /** Which examples those are: two runs may be paired when these agree. */
  readonly tests: { readonly count: number; readonly hash: string };
  /** What was written for the first test examples; null for tasks without texts. */
  readonly written: Written | null;
  /** Of a run that reads answers: the share of the test examples whose target is among theirs; else null. */
  readonly oracle: number | null;
  /** Fingerprints of the examples used; null in runs older than the field. */
  readonly data: DataPrint | null;
  /** Fingerprint of the frozen weights; null in runs older than the field. */
  readonly model: string | null;
  /** Steps trained. */
  readonly steps: number;
  /** The step that was kept and scored, the best on validation; null: the last one, no best was asked for. */
  readonly kept: number | null;
  readonly trainSeconds: number;
  readonly seconds: number;
  /** Peak resident memory of the process that ran it, in MB. */
  readonly peakMb: number | null;
  readonly programs: TrainingOutcome['programs'];
}

export type RunRecordLine = RunLine | TrainLine | EvalLine | FinalLine;

/** A finished run as read from its file. */
export interface RunRecord {
  readonly run: RunLine;
  readonly train: readonly TrainLine[];
  readonly evaluations: readonly EvalLine[];
  readonly final: FinalLine;
}
