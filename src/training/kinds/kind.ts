import * as v from 'valibot';
import { compile } from '../../engine/compile';
import type { ProgramTimes } from '../../engine/program';
import type { Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { UserError } from '../../errors';
import { readValue, type Schema } from '../../json';
import type { Model } from '../../model/open';
import { mean } from '../../numbers';
import type { Tokenizer } from '../../model/tokenizer';
import type { DataPrint } from '../../tasks/fingerprint';
import { metricNamed } from '../../tasks/metrics/metric';
import type { Example, Task, TaskData } from '../../tasks/task';
import { take, type Part, type RunData } from '../data';
import { evaluate, type Evaluation, type Scores } from '../evaluate';
import type { Tell, TrainingJob, Written } from '../job';
import type { Learner, Own, Tick, Weighted } from '../learner';
import type { TrainState } from '../optimizer';
import { stepperOf } from '../stepper';

/** A model with its tokenizer, as training needs it. */
export type TrainingModel = Model & {
  readonly tokenizer: Tokenizer;
  /** Another frozen model that the method's prompt is written with. */
  readonly encoder?: Omit<TrainingModel, 'encoder'>;
};

/** What is read to predict from: a text, or two. */
export interface Reading {
  readonly text: string;
  readonly pair?: string | null;
}

/** What a trained model answers: a label, any of several labels, a number, a part of the second text, or a text. */
export type Prediction =
  | {
      readonly kind: 'label';
      readonly label: string;
      /** Of every label, in the task's order. */
      readonly probabilities: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: 'labels';
      /** Those whose probability is above one half. */
      readonly labels: readonly string[];
      readonly probabilities: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'number'; readonly value: number }
  | {
      readonly kind: 'span';
      readonly text: string;
      /** Where it stands in the second text, in UTF-16 units; `end` is behind it. */
      readonly start: number;
      readonly end: number;
      /** The sum of its ends' logits. */
      readonly logit: number;
    }
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Not where it reached the full length without an end. */
      readonly ended: boolean;
    };

/** What a kind of task needs to know of one to predict: plain data, kept beside a saved adapter. */
export type TaskNote = Readonly<Record<string, unknown>> & { readonly kind: string; readonly name: string };

/**
 * A kind of task, opened for a model and a method: how examples X become batches B, what is learned from them, how they
 * are scored, answered and written.
 */
export interface Opened<X extends Example, B extends Weighted> {
  readonly learner: Learner<B>;
  /** Negative log-likelihood of each label, its part of the score, and the answer where there is one. */
  readonly score?: (own: Own, batch: B) => Scores;
  /** In place of `score`, where an answer is put together from several rows or is no number. */
  readonly evaluate?: (own: Own, part: Part<B>, examples: readonly X[]) => Evaluation;
  /** In place of the parts that `score` gives: each example's part by what is written to it. */
  readonly judge?: (own: Own, examples: readonly X[], job: TrainingJob) => Promise<readonly number[]>;
  /** The right answer of each label, for metrics over the whole set. */
  readonly right?: (example: X) => number | readonly number[];
  /** The part of the task that an example belongs to: the score is then the mean of the parts' scores. */
  readonly part?: (example: X) => string;
  /** Fresh tensors that the task trains beside the method's. */
  readonly head: (seed: number) => Tensors;
  /** Encodes and batches the examples of a run. */
  readonly prepare: (data: TaskData<X>, job: TrainingJob) => RunData<B>;
  /** What the model answers to each, in order. */
  readonly predict: (own: Own, inputs: readonly Reading[], job: TrainingJob) => Promise<readonly Prediction[]>;
  /** What the head says of each as it stands, before it is made an answer; none where the answer is written. */
  readonly outputs?: (own: Own, inputs: readonly Reading[], job: TrainingJob) => Promise<readonly Float32Array[]>;
  /** Texts sampled for each example, `count` of them, where the task writes any. */
  readonly sample?: Sample<X>;
  /** Writes the first of these examples once; null for tasks without texts. */
  readonly write: (own: Own, examples: readonly X[], job: TrainingJob) => Promise<Written | null>;
  readonly times: () => readonly ProgramTimes[];
  readonly dispose: () => void;
}

/** What a trained method writes to each of these examples, sampled apart from one reading of it. */
export type Sample<X> = (
  own: Own,
  examples: readonly X[],
  job: TrainingJob,
  how: { readonly count: number; readonly temperature: number },
) => Promise<readonly (readonly string[])[]>;

/** A kind of task as the trainer sees it. */
export interface TaskKind {
  readonly name: string;
  /** What must be said of such a task to predict with it. */
  readonly note: (task: Task) => TaskNote;
  /** The task that a note speaks of, without examples. @throws UserError on a note that lacks or garbles what it needs */
  readonly noted: (note: TaskNote) => Task;
  /** Refuses examples that cannot be learned from, before anything is allocated. */
  readonly check: (task: Task, data: TaskData) => void;
  /** What of a task its predictions' programs depend on: tasks with equal ones share the programs of a method. */
  readonly programs: (task: Task) => unknown;
  /** Whether what is read is always two texts, or always one; null where it is as the task says. */
  readonly pairs: boolean | null;
  /** Whether the head reads every token, where those of other libraries read one vector of a text. */
  readonly pointsAtTokens: boolean;
  /** Throws a UserError where model and task do not go together. */
  readonly open: (model: TrainingModel, task: Task, job: TrainingJob) => Trainer;
}

/** Compiled programs of a method on a model and a task. Runs that differ in seed, rate and data alone share them. */
export interface Trainer {
  /** Fresh tensors that the task trains beside the method's. */
  readonly head: (seed: number) => Tensors;
  /** Encodes and batches the run's examples. */
  readonly course: (data: TaskData, job: TrainingJob) => Course;
  readonly predict: (own: Own, inputs: readonly Reading[], job: TrainingJob) => Promise<readonly Prediction[]>;
  readonly outputs: Opened<Example, Weighted>['outputs'];
  /** Undefined for tasks without texts. */
  readonly sample?: Sample<Example>;
  readonly times: () => readonly ProgramTimes[];
  readonly dispose: () => void;
}

/** The examples of a run, batched, and what is done with them. */
export interface Course {
  readonly steps: number;
  readonly print: DataPrint;
  /** Test examples scored, in their order. */
  readonly testIds: readonly string[];
  /** The optimizer step `at`, counted from 0. Frees the state it was given. */
  readonly step: (
    at: number,
    state: TrainState,
    constants: Tensors,
    tick: Tick,
  ) => { readonly state: TrainState; readonly loss: number };
  readonly evaluate: (split: 'validation' | 'test', own: Own) => Promise<Evaluation>;
  readonly write: (own: Own) => Promise<Written | null>;
}

/** Makes a kind of task of what is its own; N is what its note must say beside the kind and the name. */
export function defineKind<T extends Task<X>, X extends Example, B extends Weighted, N extends object>(kind: {
  readonly name: string;
  readonly note: (task: T) => TaskNote;
  /** What the note holds beside the kind and the name. */
  readonly says: { readonly [K in keyof N]-?: Schema<N[K]> };
  readonly noted: (note: N & Pick<TaskNote, 'name'>) => T;
  readonly check: (task: T, data: TaskData<X>) => void;
  readonly programs: (task: T) => unknown;
  readonly pairs?: boolean;
  readonly pointsAtTokens?: true;
  readonly open: (model: TrainingModel, task: T, job: TrainingJob) => Opened<X, B>;
}): TaskKind {
  return {
    name: kind.name,
    note: (task) => kind.note(task as T),
    noted: (note) => kind.noted(demandNote<N>(note, kind.says)),
    programs: (task) => kind.programs(task as T),
    pairs: kind.pairs ?? null,
    pointsAtTokens: kind.pointsAtTokens ?? false,
    check: (task, data) => kind.check(task as T, data as TaskData<X>),
    open: (model, task, job) => trainerOf(task, kind.open(model, task as T, job), job),
  };
}

function demandNote<N extends object>(note: TaskNote, says: v.ObjectEntries): N & Pick<TaskNote, 'name'> {
  const read = readValue(note, v.strictObject({ kind: v.string(), name: v.pipe(v.string(), v.nonEmpty()), ...says }));
  if (read.kind === 'value') return read.value as unknown as N & Pick<TaskNote, 'name'>;
  throw new UserError(`task "${note.name}" ${read.reason}: it is damaged; keep the adapter again`);
}

function trainerOf<X extends Example, B extends Weighted>(
  task: Task,
  opened: Opened<X, B>,
  { training, engine }: TrainingJob,
): Trainer {
  const { learner } = opened;
  const stepper = stepperOf(learner, { optimizer: training.optimizer, engine, precision: training.precision });
  const scorer = scorerOf(task, opened, { training, engine });
  return {
    head: opened.head,
    predict: opened.predict,
    outputs: opened.outputs,
    ...(opened.sample && { sample: opened.sample as Sample<Example> }),
    course: (all, job) => {
      const data = all as TaskData<X>;
      const { accumulation, scored } = job.training;
      const { train, print, ...parts } = opened.prepare(data, job);
      return {
        steps: Math.ceil(train.length / accumulation),
        print,
        testIds: parts.test.ids,
        step: (at, state, constants, tick) => {
          const batches = train
            .slice(at * accumulation, (at + 1) * accumulation)
            .map((batch) => batch.map((shard) => shard.upload()));
          const next = stepper.step(state, constants, batches, tick);
          disposeTree(batches);
          return next;
        },
        evaluate: async (split, own) => {
          const examples = take(data[split], scored[split]);
          const found = scorer.evaluate(own, parts[split], examples, job.tell);
          if (opened.judge === undefined || examples.length === 0) return found;
          const perExample = await opened.judge(own, examples, job);
          return { ...found, perExample, score: mean(perExample) };
        },
        write: (own) => opened.write(own, take(data.test, scored.test), job),
      };
    },
    times: () => [...stepper.times(), ...scorer.times(), ...opened.times()],
    dispose: () => {
      stepper.dispose();
      scorer.dispose();
      opened.dispose();
    },
  };
}

interface Scorer<X extends Example, B extends Weighted> extends Pick<Trainer, 'times' | 'dispose'> {
  readonly evaluate: (own: Own, part: Part<B>, examples: readonly X[], tell: Tell | undefined) => Evaluation;
}

/** The kind's own evaluation, or that of what it scores of every label. */
function scorerOf<X extends Example, B extends Weighted>(
  task: Task,
  { score, evaluate: own, right, part }: Opened<X, B>,
  { training, engine }: Pick<TrainingJob, 'training' | 'engine'>,
): Scorer<X, B> {
  if (own !== undefined) return { evaluate: own, times: () => [], dispose: () => undefined };
  if (score === undefined) throw new Error(`tasks of kind ${task.kind} are not scored`);
  const { whole, shares, each } = metricNamed(task.metric);
  const program = compile(
    (own: Own, shards: readonly B[]) => shards.map((shard) => score(own, shard)),
    engine,
    training.precision,
    (_, shards) => shards.length,
  );
  return {
    evaluate: (tensors, batches, examples, tell) => {
      const rights = right === undefined ? [] : examples.flatMap(right);
      const parts = part === undefined ? [] : examples.map(part);
      return evaluate(program, batches, tensors, { whole, shares, each, right: rights, parts, tell });
    },
    times: () => program.times(),
    dispose: () => {
      program.dispose();
    },
  };
}
