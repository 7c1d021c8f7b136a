import { compile, type Compiled } from '../engine/compile';
import { upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { loadBackbone, type Backbone } from '../model/backbone';
import { modelFolder, modelNamed } from '../model/registry';
import type { ModelShape } from '../model/shape';
import { loadTokenizer, type Tokenizer } from '../model/tokenizer';
import { createDelta, withPromptTokens } from '../petl/delta';
import { demandHead } from '../petl/guards';
import { drawInit } from '../petl/init';
import { taskNamed } from '../tasks/registry';
import type { ClassificationExample, ClassificationTask, TaskData } from '../tasks/task';
import { classifierOf, type Classifier, type LabelledBatch, type Own } from './classifier';
import { prepare, type RunData } from './data';
import type { TrainingJob, TrainingOutcome } from './job';
import { stepperOf, type Stepper } from './stepper';

/*
 * What runs of one process share: the frozen model, the task's texts, and the compiled programs of the last method, so that
 * the seeds and learning rates of a method pay for compiling once.
 */

export interface Programs {
  readonly stepper: Stepper;
  readonly score: Compiled<[Own, LabelledBatch], { readonly nll: Tensor; readonly predicted: Tensor }>;
}

export interface OpenRun {
  readonly data: RunData;
  readonly programs: Programs;
  /** Freshly initialised; the caller owns them. */
  readonly own: Own;
  readonly shape: ModelShape;
  times(): TrainingOutcome['programs'];
  /** Throws where a frozen weight is not what it was when the model was loaded. */
  demandFrozen(): void;
}

let model: { readonly name: string; readonly backbone: Backbone; readonly tokenizer: Tokenizer; readonly sums: ReadonlyMap<string, number> } | undefined;
let task: { readonly name: string; readonly classes: number; readonly data: TaskData<ClassificationExample> } | undefined;
let programs: { readonly key: string; readonly programs: Programs } | undefined;

export async function openRun(job: TrainingJob): Promise<OpenRun> {
  const { backbone, tokenizer, sums } = openModel(job.model);
  const { classes, data } = await openTask(job.task);
  const compiled = openPrograms(job, backbone);
  const method = withPromptTokens(job.method, (text) => Array.from(tokenizer.encode({ text, pair: null }, 512).ids));
  const delta = createDelta(method, backbone.shape, backbone.weights, job.seed);
  const variables = { ...delta.variables, ...newHead(backbone.shape.width, classes, job.seed) };
  demandHead(variables, classes);
  return {
    data: prepare(tokenizer, data, job, job.method.prompt.kind === 'none' ? 0 : job.method.prompt.length),
    programs: compiled,
    own: { variables, constants: delta.constants },
    shape: backbone.shape,
    demandFrozen: () => { demandFrozen(backbone, sums); },
    times: () => timesOf(compiled),
  };
}

function openModel(name: string): NonNullable<typeof model> {
  if (model?.name === name) return model;
  closePrograms();
  model?.backbone.dispose();
  const folder = modelFolder(name);
  const backbone = loadBackbone(folder, modelNamed(name).pooling ?? undefined);
  model = { name, backbone, tokenizer: loadTokenizer(folder), sums: sumsOf(backbone) };
  return model;
}

/** One sum of each weight, added up in one order: the same tensor gives the same bits. */
function sumsOf({ weights }: Backbone): ReadonlyMap<string, number> {
  return new Map(Object.entries(weights).map(([name, weight]) => [name, tf.tidy(() => tf.sum(weight).dataSync()[0] ?? NaN)]));
}

function demandFrozen(backbone: Backbone, before: ReadonlyMap<string, number>): void {
  const moved = [...sumsOf(backbone)].find(([name, sum]) => sum !== before.get(name));
  if (moved !== undefined) throw new Error(`frozen weight ${moved[0]} changed during training`);
}

async function openTask(name: string): Promise<NonNullable<typeof task>> {
  if (task?.name === name) return task;
  const chosen = taskNamed(name);
  if (chosen.kind !== 'classification') throw new UserError(`task "${name}" is a ${chosen.kind} task: train it with an encoder-decoder or decoder model`);
  const classification: ClassificationTask = chosen;
  task = { name, classes: classification.labels.length, data: await classification.load() };
  return task;
}

/** Everything that changes the graph, and nothing else: the learning rate and the seed are fed. */
function programKey({ method, model: name, task: about, training, engine }: TrainingJob): string {
  const { dropout, labelSmoothing, optimizer, precision } = training;
  return JSON.stringify({ method, name, about, dropout, labelSmoothing, optimizer, precision, engine });
}

function openPrograms(job: TrainingJob, backbone: Backbone): Programs {
  const key = programKey(job);
  if (programs?.key === key) return programs.programs;
  closePrograms();
  const classifier: Classifier = classifierOf(backbone, job.method, job.training);
  const fresh: Programs = {
    stepper: stepperOf(classifier, { optimizer: job.training.optimizer, engine: job.engine, precision: job.training.precision }),
    score: compile(classifier.score, job.engine, job.training.precision),
  };
  programs = { key, programs: fresh };
  return fresh;
}

function closePrograms(): void {
  programs?.programs.stepper.dispose();
  programs?.programs.score.dispose();
  programs = undefined;
}

/** N(0, 0.02) weights and zero biases, as BERT's heads start. */
export function newHead(width: number, classes: number, seed: number): Tensors {
  return {
    'head.weight': upload(drawInit({ kind: 'normal', std: 0.02 }, [width, classes], seed, 'head.weight'), [width, classes]),
    'head.bias': upload(new Float32Array(classes), [classes]),
  };
}

function timesOf({ stepper, score }: Programs): TrainingOutcome['programs'] {
  const all = [...stepper.times(), ...score.times()];
  const sum = (pick: (t: (typeof all)[number]) => number): number => Math.round(all.reduce((total, t) => total + pick(t), 0));
  return { count: all.length, recordMs: sum((t) => t.recordMs), loadMs: sum((t) => t.loadMs), firstRunMs: sum((t) => t.firstRunMs) };
}

/** Frees the model and the programs of this process. */
export function closeSession(): void {
  closePrograms();
  model?.backbone.dispose();
  model = undefined;
  task = undefined;
}
