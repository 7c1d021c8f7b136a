import { upload } from '../../engine/memory';
import type { Tensor, Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import { drawInit } from '../../petl/forms/init';
import { promptLength } from '../../petl/forms/modify';
import type { TextWith } from '../../tasks/encode';
import type { Task } from '../../tasks/task';
import { classifierOf } from '../classifier';
import { prepare } from '../prepare';
import type { TrainingJob } from '../job';
import type { LabelledBatch } from '../labelled';
import type { Own } from '../learner';
import type { Objective } from '../objectives';
import { roomIn } from '../room';
import type { Opened, Prediction, Reading, TrainingModel } from './kind';
import { labelledBatching, type Labels, type LabelledBatching, type TextExample } from './pooled-batches';
import { outputsOf, predictor, type RowOutputs } from './pooled-outputs';

/**
 * A kind of task that pools an encoder's text and answers by the outputs of one head. What depends on the task is asked
 * for with each run: tasks that share programs may differ in it.
 */
export interface PooledKind<T extends Task<X>, X extends TextExample, L> {
  readonly objective: Objective;
  readonly labels: (task: T) => Labels<X, L>;
  /** The right answers of an example, as the objective's score tells them. */
  readonly right: (example: X) => number | readonly number[];
  /** Outputs as they are answered: softmax, or each its own probability. */
  readonly squash: (outputs: Tensor) => Tensor;
  /** @param values squashed outputs of one text */
  readonly answer: (task: T, values: readonly number[]) => Prediction;
}

/** Opens a task of such a kind. @throws UserError for a model with a decoder */
export function openPooled<T extends Task<X>, X extends TextExample, L>(
  { name, backbone, tokenizer }: TrainingModel,
  task: T,
  job: TrainingJob,
  { objective, labels, right, squash, answer }: PooledKind<T, X, L>,
): Opened<X, LabelledBatch> {
  demandEncoder(task, { name, decoderLayers: backbone.shape.decoderLayers });
  if (job.training.labelSmoothing > 0 && !objective.smooths)
    throw new UserError(`task "${task.name}" is learned without label smoothing: set training.labelSmoothing to 0`);
  const learner = classifierOf(backbone, job.method, job.training, { objective });
  const outputs = predictor(learner, squash, job);
  const batching = (run: TrainingJob): LabelledBatching<X, L> =>
    labelledBatching(tokenizer, run.training.maxLength, labels(run.task as unknown as T), {
      prompt: promptLength(run.method),
      room: roomIn('encoder', run.method, backbone.shape),
    });
  const read = (own: Own, inputs: readonly Reading[], run: TrainingJob): readonly RowOutputs[] =>
    outputsOf(outputs, own, readable(inputs, labels(run.task as unknown as T).none), batching(run));
  return {
    learner,
    score: (own, batch) => learner.score(own, batch),
    right,
    head: (seed) => newHead(backbone.shape.width, task.outputs, seed),
    prepare: (data, run) => prepare(data, run, batching(run)),
    predict: (own, inputs, run) =>
      Promise.resolve(read(own, inputs, run).map(({ squashed }) => answer(run.task as unknown as T, squashed))),
    outputs: (own, inputs, run) => Promise.resolve(read(own, inputs, run).map(({ raw }) => raw)),
    write: () => Promise.resolve(null),
    times: () => outputs.times(),
    dispose: () => {
      outputs.dispose();
    },
  };
}

/** @throws UserError where a task for encoders meets a model with a decoder */
export function demandEncoder(
  task: Pick<Task, 'name'>,
  { name, decoderLayers }: { readonly name: string; readonly decoderLayers: number },
): void {
  if (decoderLayers > 0)
    throw new UserError(
      `task "${task.name}" is for encoders, and model "${name}" has a decoder: choose one such as minilm-l6`,
    );
}

/** Texts to be read alone. */
function readable<L>(inputs: readonly Reading[], none: L): readonly TextWith<L>[] {
  return inputs.map(({ text, pair = null }) => ({ text, pair, label: none }));
}

/** N(0, 0.02) weights and zero biases, as BERT's heads start. */
export function newHead(width: number, outputs: number, seed: number): Tensors {
  return {
    'head.weight': upload(drawInit({ kind: 'normal', std: 0.02 }, [width, outputs], seed, 'head.weight'), [
      width,
      outputs,
    ]),
    'head.bias': upload(new Float32Array(outputs), [outputs]),
  };
}
