import { UserError } from '../errors';
import type { Held } from '../model/backbone';
import { openModel, type Model } from '../model/open';
import type { ModelShape } from '../model/shape';
import { createDelta, withPromptTokens } from '../petl/bank/delta';
import { demandHead } from '../petl/bank/guards';
import type { BaseModel } from '../petl/bank/store';
import type { Method } from '../petl/design/types';
import { pairsIn } from '../tasks/pairs';
import { examplesOf } from '../tasks/pinned';
import type { Task, TaskData } from '../tasks/task';
import { demandFrozen, printsOf } from './guards';
import { heldFor, heldKey, lentNames } from './held';
import { programKey, type TrainingJob, type TrainingOutcome } from './job';
import { kindNamed } from './kinds/index';
import { startFrom } from './start';
import type { Course, Trainer, TrainingModel } from './kinds/kind';
import type { Own } from './learner';
import { started, type StageResult, type Values } from './values';
import { demandJob } from './settings';
import { noTokenizer } from '../model/tokenizer-place';

/** A run that stands before its first step. */
export interface OpenRun {
  readonly course: Course;
  readonly trainer: Trainer;
  /** Freshly initialised; the caller owns them. */
  readonly own: Own;
  readonly method: Method;
  readonly shape: ModelShape;
  /** Hash of the frozen weights' files. */
  readonly model: string;
  /** The model that the prompt is written with, where it is another. */
  readonly encoder?: BaseModel;
  /** Whether its examples are pairs of texts; null where they are of both sorts. */
  readonly pairs: boolean | null;
  times(): TrainingOutcome['programs'];
  /** Throws where a frozen weight is not what it was when the model was loaded. */
  demandFrozen(): void;
}

interface LoadedModel {
  readonly model: Omit<TrainingModel, 'encoder'>;
  readonly prints: ReadonlyMap<string, string>;
  readonly hash: string;
  /** How its matrices are held. */
  readonly held: string;
}

export interface LoadedTask {
  readonly task: Task;
  readonly data: TaskData;
}

/**
 * What runs of one process share: the frozen model, the task's texts, and the compiled programs of the last method, so
 * that the seeds and learning rates of a method pay for compiling once. Owns them until `dispose()`.
 */
export class Session {
  private model: LoadedModel | undefined;
  private encoder: LoadedModel | undefined;
  /** The last two: a run's own, and that of the stage before it. */
  private tasks: readonly LoadedTask[] = [];
  private current: { readonly key: string; readonly trainer: Trainer } | undefined;

  /** What stages before runs gave, the last few: runs that differ in their own rate alone share them. */
  readonly stages: Map<string, StageResult> = new Map<string, StageResult>();

  /**
   * Refuses a job that cannot be, loads what it needs and gives the run with fresh tensors.
   * @param start values that tensors of these names begin at instead
   */
  async open(job: TrainingJob, start: Values = {}): Promise<OpenRun> {
    demandJob(job);
    const { task, data } = await this.openTask(job.task);
    const { model, prints, hash } = await this.openModel(job);
    const encoder = await this.openEncoder(job);
    const { backbone, tokenizer } = model;
    const trainer = this.openTrainer(job, { ...model, ...(encoder && { encoder: encoder.model }) }, task);
    const method = withPromptTokens(job.method, (text) => Array.from(tokenizer.encode({ text, pair: null }, 512).ids));
    const course = trainer.course(data, job);
    const { delta, head = trainer.head(job.seed) } =
      job.from === undefined
        ? { delta: createDelta(method, backbone.shape, backbone.weights, job.seed) }
        : startFrom(job.from, task, { shape: backbone.shape, hash, ...(encoder && { encoder: encoder.hash }) });
    const variables = started({ ...delta.variables, ...head }, start);
    demandHead(variables, task.outputs);
    backbone.release(lentNames(method, backbone));
    return {
      course,
      trainer,
      method,
      shape: backbone.shape,
      model: hash,
      pairs: pairsIn(data),
      ...(encoder && { encoder: { name: encoder.model.name, hash: encoder.hash } }),
      own: { variables, constants: delta.constants },
      demandFrozen: () => {
        demandFrozen(backbone.weights, prints);
        if (encoder !== undefined) demandFrozen(encoder.model.backbone.weights, encoder.prints);
      },
      times: () => timesOf(trainer),
    };
  }

  /** The programs of a method on a model and a task, for predicting with tensors at hand. */
  async openPrograms(
    job: TrainingJob,
  ): Promise<{ readonly model: Model; readonly trainer: Trainer; readonly encoder?: string }> {
    const { model } = await this.openModel(job);
    const encoder = await this.openEncoder(job);
    const whole = { ...model, ...(encoder && { encoder: encoder.model }) };
    return { model, trainer: this.openTrainer(job, whole, job.task), ...(encoder && { encoder: encoder.hash }) };
  }

  /** The other frozen model that a prompt is written with; the model itself where it has that name. */
  private async openEncoder({ method, model }: TrainingJob): Promise<LoadedModel | undefined> {
    const { prompt } = method;
    if (prompt.kind !== 'written' || prompt.encoder.kind === 'own') return undefined;
    const { name, width } = prompt.encoder;
    const known = [this.encoder, this.model].find((loaded) => loaded?.model.name === name);
    const loaded = known ?? (await loadModel(name, 'float32'));
    if (known === undefined) {
      this.closeTrainer();
      this.encoder?.model.backbone.dispose();
      this.encoder = loaded;
    }
    const { shape } = loaded.model.backbone;
    if (shape.width !== width)
      throw new UserError(
        `${method.name}: the states of "${name}" are ${shape.width} wide, not ${width}: write e=${shape.width}`,
      );
    if (name === model && shape.encoderLayers === 0)
      throw new UserError(`${method.name} reads with the whole of the model itself: write encoder=own,layers=2`);
    return loaded;
  }

  private async openModel(job: TrainingJob): Promise<LoadedModel> {
    const { model: name } = job;
    const held = heldFor(job);
    const known = this.model;
    if (known?.model.name === name && known.held === heldKey(held, known.model.backbone.shape)) {
      if (known.model.backbone.lacks) await makeWhole(known, held);
      return known;
    }
    this.closeTrainer();
    this.model?.model.backbone.dispose();
    this.model = undefined;
    return (this.model = await loadModel(name, held));
  }

  /** A task with its examples. */
  async openTask(task: Task): Promise<LoadedTask> {
    const known = this.tasks.find((loaded) => loaded.task === task);
    const opened = known ?? (await loadTask(task));
    this.tasks = [opened, ...this.tasks.filter((loaded) => loaded !== opened).slice(0, 1)];
    return opened;
  }

  private openTrainer(job: TrainingJob, model: TrainingModel, task: Task): Trainer {
    const { name, kind, metric, outputs } = task;
    const key = `${job.engine} ${programKey({ ...job, task: { name, kind, metric, outputs } })}`;
    if (this.current?.key === key) return this.current.trainer;
    this.closeTrainer();
    const trainer = kindNamed(task.kind).open(model, task, job);
    this.current = { key, trainer };
    return trainer;
  }

  private closeTrainer(): void {
    this.current?.trainer.dispose();
    this.current = undefined;
  }

  /** Frees the model and the programs. */
  dispose(): void {
    this.closeTrainer();
    this.model?.model.backbone.dispose();
    this.encoder?.model.backbone.dispose();
    this.model = undefined;
    this.encoder = undefined;
    this.tasks = [];
    this.stages.clear();
  }
}

async function loadTask(task: Task): Promise<LoadedTask> {
  const data = await examplesOf(task);
  kindNamed(task.kind).check(task, data);
  return { task, data };
}

/** Reads again what an earlier run trained in place of the frozen weights. */
async function makeWhole({ model: { name, backbone }, prints }: LoadedModel, held: Held): Promise<void> {
  backbone.restore((await openModel(name, held)).backbone);
  demandFrozen(backbone.weights, prints);
}

async function loadModel(name: string, held: Held): Promise<LoadedModel> {
  const model = await openModel(name, held);
  const { tokenizer, backbone } = model;
  if (tokenizer === undefined) {
    backbone.dispose();
    throw noTokenizer(name);
  }
  return {
    model: { ...model, tokenizer },
    prints: printsOf(backbone.weights),
    hash: await backbone.hash(),
    held: heldKey(held, backbone.shape),
  };
}

function timesOf(trainer: Trainer): TrainingOutcome['programs'] {
  const all = trainer.times();
  const sum = (pick: (t: (typeof all)[number]) => number): number =>
    Math.round(all.reduce((total, t) => total + pick(t), 0));
  return {
    count: all.length,
    recordMs: sum((t) => t.recordMs),
    loadMs: sum((t) => t.loadMs),
    firstRunMs: sum((t) => t.firstRunMs),
  };
}
