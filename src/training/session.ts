import { UserError } from '../errors';
import { openModel as open, type Model } from '../model/open';
import type { ModelShape } from '../model/shape';
import type { Tokenizer } from '../model/tokenizer';
import { createDelta, withPromptTokens } from '../petl/bank/delta';
import { demandHead } from '../petl/bank/guards';
import { saveDelta } from '../petl/bank/store';
import { taskNamed } from '../tasks/registry';
import type {
  ClassificationExample,
  ClassificationTask,
  GenerationExample,
  GenerationTask,
  TaskData,
} from '../tasks/task';
import { classificationTrainer } from './classification';
import { generationTrainer } from './generation';
import { demandFrozen, printsOf } from './guards';
import type { TrainingJob, TrainingOutcome } from './job';
import type { Own } from './learner';
import type { Course, Trainer } from './trainer';

/*
 * What runs of one process share: the frozen model, the task's texts, and the compiled programs of the last method, so
 * that
 * the seeds and learning rates of a method pay for compiling once.
 */

export interface OpenRun {
  readonly metric: string;
  readonly course: Course;
  /** Freshly initialised; the caller owns them. */
  readonly own: Own;
  readonly shape: ModelShape;
  /** Fingerprint of the frozen weights' files. */
  readonly model: string;
  times(): TrainingOutcome['programs'];
  /** Writes what was trained into a folder that `loadDelta` and `--adapter` read. */
  save(folder: string, own: Own): Promise<void>;
  /** Throws where a frozen weight is not what it was when the model was loaded. */
  demandFrozen(): void;
}

/** A model with its tokenizer, as training needs it. */
export type TrainingModel = Model & { readonly tokenizer: Tokenizer };

/** A task with its examples. */
export type LoadedTask =
  | {
      readonly kind: 'classification';
      readonly task: ClassificationTask;
      readonly data: TaskData<ClassificationExample>;
    }
  | { readonly kind: 'generation'; readonly task: GenerationTask; readonly data: TaskData<GenerationExample> };

interface OpenModel {
  readonly model: TrainingModel;
  readonly prints: ReadonlyMap<string, string>;
  readonly print: string;
}

let opened: OpenModel | undefined;
let loaded: LoadedTask | undefined;
let current: { readonly key: string; readonly trainer: Trainer } | undefined;

export async function openRun(job: TrainingJob): Promise<OpenRun> {
  const { model, prints, print } = await openModel(job.model);
  const task = await openTask(job.task);
  const trainer = openTrainer(job, model, task);
  const { backbone, tokenizer } = model;
  const method = withPromptTokens(job.method, (text) => Array.from(tokenizer.encode({ text, pair: null }, 512).ids));
  const course = trainer.open(job);
  const delta = createDelta(method, backbone.shape, backbone.weights, job.seed);
  const variables = { ...delta.variables, ...trainer.head(job.seed) };
  demandHead(variables, trainer.classes);
  return {
    metric: trainer.metric,
    course,
    shape: backbone.shape,
    model: print,
    own: { variables, constants: delta.constants },
    demandFrozen: () => {
      demandFrozen(backbone.weights, prints);
    },
    times: () => timesOf(trainer),
    save: async (folder, own) => {
      const part = (isHead: boolean) =>
        Object.fromEntries(Object.entries(own.variables).filter(([name]) => name.startsWith('head.') === isHead));
      saveDelta(
        folder,
        { method, shape: backbone.shape, variables: part(false), constants: own.constants },
        { name: job.model, hash: await backbone.hash() },
        part(true),
      );
    },
  };
}

async function openModel(name: string): Promise<OpenModel> {
  if (opened?.model.name === name) return opened;
  closeTrainer();
  opened?.model.backbone.dispose();
  opened = undefined;
  const model = await open(name);
  const { tokenizer, backbone } = model;
  if (tokenizer === undefined) {
    backbone.dispose();
    throw new UserError(`model "${name}" has no tokenizer.json: put the model's own beside its weights`);
  }
  opened = {
    model: { ...model, tokenizer },
    prints: printsOf(backbone.weights),
    print: (await backbone.hash()).slice(0, 16),
  };
  return opened;
}

async function openTask(name: string): Promise<LoadedTask> {
  if (loaded?.task.name === name) return loaded;
  const task = taskNamed(name);
  loaded =
    task.kind === 'classification'
      ? { kind: task.kind, task, data: await task.load() }
      : { kind: task.kind, task, data: await task.load() };
  return loaded;
}

/** Everything that changes the graph, and nothing else: the learning rate and the seed are fed. */
function programKey({ method, model, task, training, engine }: TrainingJob): string {
  const { dropout, labelSmoothing, optimizer, precision } = training;
  return JSON.stringify({ method, model, task, dropout, labelSmoothing, optimizer, precision, engine });
}

function openTrainer(job: TrainingJob, model: TrainingModel, task: LoadedTask): Trainer {
  const key = programKey(job);
  if (current?.key === key) return current.trainer;
  closeTrainer();
  const trainer =
    task.kind === 'classification' ? classificationTrainer(model, task, job) : generationTrainer(model, task, job);
  current = { key, trainer };
  return trainer;
}

function closeTrainer(): void {
  current?.trainer.dispose();
  current = undefined;
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

/** Frees the model and the programs of this process. */
export function closeSession(): void {
  closeTrainer();
  opened?.model.backbone.dispose();
  opened = undefined;
  loaded = undefined;
}
