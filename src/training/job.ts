import type { Method } from '../petl/design/types';
import type { TextScores } from '../tasks/baselines';
import type { DataPrint, SplitPrint } from '../tasks/fingerprint';
import type { Task } from '../tasks/task';

/** How to train: everything but the method, the model, the task and the seed. */
export interface TrainingSettings {
  /** Training examples used, taken from the front of the seed-independent order of the task. */
  readonly examples: number | 'all';
  readonly epochs: number;
  /** Examples per batch. */
  readonly batch: number;
  /** Batches whose gradients add up to one step, as if they were one batch. */
  readonly accumulation: number;
  /** Tokens per example, longer ones are truncated. */
  readonly maxLength: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly optimizer: OptimizerSettings;
  /** Drop probability inside the frozen backbone and before the head. */
  readonly dropout: number;
  readonly labelSmoothing: number;
  /** Examples scored; validation guides, test is scored once at the end. */
  readonly scored: { readonly validation: number | 'all'; readonly test: number | 'all' };
  /** Validation passes spread over the run; the last one falls on the last step. */
  readonly evaluations: number;
  /** The step that is kept and scored is the best of the validations by this; null: the last, whatever validation says. */
  readonly best: 'loss' | 'score' | null;
  /** Validations in a row without a better one after which training ends; null: it ends with the last step. */
  readonly stop: number | null;
  /** A saved adapter whose tensors training starts from, as its name and hash; null: from fresh ones. */
  readonly from: string | null;
  /** Texts that a teacher wrote stand in place of the training targets, by their name and hash; null: the task's own. */
  readonly teacher: string | null;
  /** What is trained before the run, for it to go on from or to read; null: nothing. */
  readonly before: Stage | null;
  readonly precision: 'float32' | 'bfloat16';
  /** For tasks whose targets are texts; null for the others. */
  readonly target: TargetSettings | null;
}

/** What is trained before a run, on its own model and with its own seed, batches and schedule, and is not scored. */
export interface Stage {
  /** Written form; its tensors are apart from the run's. */
  readonly method: string;
  readonly task: string;
  readonly examples: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Most tokens of a target. */
  readonly target: number;
  readonly gives: Gives;
}

/**
 * What a run takes from the stage before it. `tensors`: its own of the same names begin where the stage's ended.
 * `answers` (Levine et al. 2022, section on textual recursion): `count` texts that the stage's method writes to each of
 * the run's examples, sampled at `temperature`, which then stand before the example's text.
 */
export type Gives =
  { readonly kind: 'tensors' } | { readonly kind: 'answers'; readonly count: number; readonly temperature: number };

/** What a loss and its step depend on. */
export type LossSettings = Pick<TrainingSettings, 'dropout' | 'labelSmoothing' | 'optimizer'>;

/** Targets of a generation task, and how the test set is written once at the end. */
export interface TargetSettings {
  /**
   * Tokens of a target, its end included; nothing longer is written. A longer target is refused in mixtures and in tasks
   * with segments; in others it is cut, and its last token is the end.
   */
  readonly maxLength: number;
  /** Test examples that are written, the first ones. */
  readonly decoded: number | 'all';
  /** Beams of the search; 1 is greedy. */
  readonly beams: number;
  /** Exponent of the length that a beam's log-probability is divided by. */
  readonly lengthPenalty: number;
  readonly minLength: number;
  /** No run of this many tokens twice in a text; 0 allows all. */
  readonly noRepeatNgram: number;
}

/**
 * Factor on the learning rate over the steps: warm-up from 0, then the named decay to 0 (constant: none). Warm-up as a
 * share of all steps.
 */
export type Schedule =
  { readonly kind: 'constant' | 'linear' | 'cosine'; readonly warmup: number } | PolynomialSchedule;

/** From the whole rate to the share `end` of it, by (1 - share of the steps) to the power `power`. */
export interface PolynomialSchedule {
  readonly kind: 'polynomial';
  readonly warmup: number;
  readonly power: number;
  readonly end: number;
}

/** Adam with decoupled weight decay; `clipNorm` on the global norm of the trained gradients, 0 for none. */
export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
}

/** One training run as the training room sees it. */
export interface TrainingJob {
  readonly method: Method;
  /** A name of `petl models` or a folder. */
  readonly model: string;
  readonly task: Task;
  readonly training: TrainingSettings;
  readonly seed: number;
  /** eager: op by op, the reference path; compiled: one recorded graph per shape. */
  readonly engine: 'compiled' | 'eager';
  /** Where the run's state is kept while it is under way, to go on from after a kill; nowhere where left out. */
  readonly checkpoint?: CheckpointPlan;
  /** Folder for the trained adapter and its head; they are not kept where it is left out. */
  readonly keep?: string;
  /** Folder of the adapter that `training.from` names. */
  readonly from?: string;
  /** Takes how far scoring and writing have come. */
  readonly tell?: Tell;
}

/** Where and how often a run's state is kept. */
export interface CheckpointPlan {
  readonly path: string;
  /** Seconds between two; 60 where left out, and never so often that writing takes a twentieth of the time. */
  readonly seconds?: number;
  /** Steps between two, instead of seconds. */
  readonly steps?: number;
  /** What decides the numbers beside the job, such as the code and its threads: a state goes on under the same alone. */
  readonly by?: unknown;
  /** Takes a line: from which step the run goes on, or what is wrong with what was kept. */
  readonly say: (line: string) => void;
}

/**
 * Everything that changes the graphs of a run, and nothing else: the learning rate and the seed are fed.
 * @param run a job, or a spec: method and task as values or as names
 */
export function programKey(run: {
  readonly method: unknown;
  readonly model: string;
  readonly task: unknown;
  readonly training: TrainingSettings;
}): string {
  const { method, model, task, training } = run;
  const { batch, maxLength, dropout, labelSmoothing, optimizer, precision } = training;
  return JSON.stringify({ method, model, task, batch, maxLength, dropout, labelSmoothing, optimizer, precision });
}

/** What a run's curve is made of. */
export type CourseEvent =
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly seconds: number;
    }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly seconds: number;
      readonly split: 'validation';
      readonly loss: number;
      readonly score: number;
    };

/** How far scoring or writing has come, in examples: told while it goes on, kept nowhere. */
export interface PhaseEvent {
  readonly kind: 'phase';
  readonly doing: 'scoring' | 'writing';
  readonly done: number;
  readonly of: number;
}

export type TrainingEvent = CourseEvent | PhaseEvent;

export type Tell = (phase: Omit<PhaseEvent, 'kind'>) => void;

/**
 * The test score of a finished run; `perExample` holds each scored test example's part, in task order: their mean is
 * a score that is no statistic of the whole set.
 */
export interface TrainingOutcome {
  readonly score: number;
  readonly loss: number;
  readonly metric: string;
  readonly perExample: readonly number[];
  /** Labels that each example is scored on: its target's tokens, or 1. */
  readonly labels: readonly number[];
  /** What was answered to each example, the index of its label; empty where the answer is no number. */
  readonly answers: readonly number[];
  /** Share of test examples answered exactly right, where that stands beside the score. */
  readonly exact?: number;
  readonly testIds: readonly string[];
  /** What was written for the first test examples; null for tasks without texts. */
  readonly written: Written | null;
  /** Of a run that reads answers: the share of the test examples whose target is among theirs; else null. */
  readonly oracle: number | null;
  readonly data: DataPrint;
  /** First 16 hexadecimal digits of SHA-256 over the frozen weights' files. */
  readonly model: string;
  /** Steps trained. */
  readonly steps: number;
  /** The step that was kept and scored; null: the last one, since no best was asked for. */
  readonly kept: number | null;
  readonly trainSeconds: number;
  readonly totalSeconds: number;
  /** Of the process while it trained; null where other work was in the process, or its peak is not known. */
  readonly peakMb: number | null;
  /** Distinct batch shapes and what compiling them cost. */
  readonly programs: {
    readonly count: number;
    readonly recordMs: number;
    readonly loadMs: number;
    readonly firstRunMs: number;
  };
}

/** Texts written for test examples, and their scores: BLEU and chrF in percent, ROUGE from 0 to 1. */
export interface Written extends TextScores {
  /** Which examples they are written for. */
  readonly examples: SplitPrint;
  /** Texts that reached the full length without an end. */
  readonly unfinished: number;
  readonly seconds: number;
  /** In task order. */
  readonly texts: readonly string[];
}

/** Reports progress; returning 'stop' ends training after the step, as an interrupt does. */
export type Report = (event: TrainingEvent) => 'stop' | undefined;
