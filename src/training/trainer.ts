import { compile } from '../engine/compile';
import type { ProgramTimes } from '../engine/program';
import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { DataPrint } from '../tasks/fingerprint';
import type { RunData } from './data';
import { evaluate, type Evaluation, type Scores } from './evaluate';
import type { TrainingJob, Written } from './job';
import type { Learner, Own, Tick, Weighted } from './learner';
import type { TrainState } from './optimizer';
import { stepperOf } from './stepper';

/** Compiled programs of a method on a model and a task. Runs that differ in seed, rate and data alone share them. */
export interface Trainer {
  readonly metric: string;
  /** Outputs of the task's own head, 0 where the model's language-model head is used. */
  readonly classes: number;
  /** Fresh tensors that the task trains beside the method's. */
  head(seed: number): Tensors;
  /** Encodes and batches the run's examples. */
  open(job: TrainingJob): Course;
  times(): readonly ProgramTimes[];
  dispose(): void;
}

/** The examples of a run, batched, and what is done with them. */
export interface Course {
  readonly steps: number;
  readonly print: DataPrint;
  /** Test examples scored, in their order. */
  readonly testIds: readonly string[];
  /** The optimizer step `at`, counted from 0. Frees the state it was given. */
  step(
    at: number,
    state: TrainState,
    constants: Tensors,
    tick: Tick,
  ): { readonly state: TrainState; readonly loss: number };
  evaluate(split: 'validation' | 'test', own: Own): Evaluation;
  /** Writes the first test examples once; null for tasks without texts. */
  write(own: Own): Promise<Written | null>;
}

/** What a kind of task brings. */
export interface Kind<B extends Weighted> {
  readonly metric: string;
  readonly learner: Learner<B> & { score(own: Own, batch: B): Scores };
  readonly classes: number;
  readonly head: (seed: number) => Tensors;
  readonly prepare: (job: TrainingJob) => RunData<B>;
  readonly write: (own: Own, job: TrainingJob) => Promise<Written | null>;
  readonly dispose: () => void;
}

export function trainerOf<B extends Weighted>(
  { metric, learner, classes, head, prepare, write, dispose }: Kind<B>,
  { training, engine }: TrainingJob,
): Trainer {
  const stepper = stepperOf(learner, { optimizer: training.optimizer, engine, precision: training.precision });
  const score = compile((own: Own, batch: B) => learner.score(own, batch), engine, training.precision);
  return {
    metric,
    classes,
    head,
    open: (job) => {
      const data = prepare(job);
      const { accumulation } = job.training;
      return {
        steps: Math.ceil(data.train.length / accumulation),
        print: data.print,
        testIds: data.test.ids,
        step: (at, state, constants, tick) => {
          const batches = data.train.slice(at * accumulation, (at + 1) * accumulation).map((batch) => batch.upload());
          const next = stepper.step(state, constants, batches, tick);
          disposeTree(batches);
          return next;
        },
        evaluate: (split, own) => evaluate(score, data[split], own),
        write: (own) => write(own, job),
      };
    },
    times: () => [...stepper.times(), ...score.times()],
    dispose: () => {
      stepper.dispose();
      score.dispose();
      dispose();
    },
  };
}
