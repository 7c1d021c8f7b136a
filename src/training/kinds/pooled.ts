import { compile, type Compiled } from '../../engine/compile';
import { upload } from '../../engine/memory';
import type { Tensor, Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { UserError } from '../../errors';
import { uploadBatch } from '../../model/batch';
import { classify } from '../../model/heads';
import { commonGrids, commonRows, packSequences, type Packing } from '../../model/packing';
import type { Tokenizer } from '../../model/tokenizer';
import { drawInit } from '../../petl/forms/init';
import { promptLength } from '../../petl/forms/modify';
import { evaluationBatches, type Batch } from '../../tasks/batches';
import { encodeTexts, type EncodedText, type TextWith } from '../../tasks/encode';
import { planBatches } from '../../tasks/plan';
import type { Example, Task } from '../../tasks/task';
import { classifierOf, type Classifier } from '../classifier';
import { byLength, prepare, type Batching } from '../data';
import type { TrainingJob } from '../job';
import type { LabelledBatch } from '../labelled';
import type { Own } from '../learner';
import type { Objective } from '../objectives';
import { fitting, roomIn } from '../room';
import type { Opened, Prediction, Reading, TrainingModel } from './kind';

/** An example as an encoder with one head reads it. */
export interface TextExample extends Example {
  readonly pair: string | null;
}

/** What is told of a text, and how it becomes a tensor. L is what one example has. */
export interface Labels<X extends Example, L> {
  readonly of: (example: X) => L;
  /** Of an example that is only read. */
  readonly none: L;
  /** The tensor of a batch's labels, as the objective takes them. */
  readonly upload: (labels: readonly L[]) => Tensor;
  /** Labels of one example. */
  readonly each: number;
}

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

type Outputs = (own: Own, batch: LabelledBatch) => { readonly raw: Tensor; readonly squashed: Tensor };

/** The body and the head as programs of their own, so that tasks share the body's whatever their heads are. */
function predictor(
  learner: Pick<Classifier, 'pooled'>,
  squash: (outputs: Tensor) => Tensor,
  { engine, training }: TrainingJob,
): Outputs & Pick<Compiled<never, never>, 'times' | 'dispose'> {
  const body = compile(
    (own: Own, { inputs }: Pick<LabelledBatch, 'inputs'>) => ({ pooled: learner.pooled(own, inputs, undefined) }),
    engine,
    training.precision,
  );
  const head = compile(
    (variables: Tensors, pooled: Tensor) => {
      const raw = classify(pooled, variables, 0, undefined);
      return { raw, squashed: squash(raw) };
    },
    engine,
    training.precision,
  );
  const run: Outputs = ({ variables, constants }, { inputs }) => {
    const [heads, others] = parted(variables, (name) => name.startsWith('head.'));
    const { pooled } = body({ variables: others, constants }, { inputs });
    const made = head(heads, pooled);
    pooled.dispose();
    return made;
  };
  const dispose = (): void => {
    body.dispose();
    head.dispose();
  };
  return Object.assign(run, { times: () => [...body.times(), ...head.times()], dispose });
}

/** Those whose names fit, and the others. */
function parted(all: Tensors, fits: (name: string) => boolean): readonly [Tensors, Tensors] {
  const entries = Object.entries(all);
  return [
    Object.fromEntries(entries.filter(([name]) => fits(name))),
    Object.fromEntries(entries.filter(([name]) => !fits(name))),
  ];
}

/** Texts to be read alone. */
function readable<L>(inputs: readonly Reading[], none: L): readonly TextWith<L>[] {
  return inputs.map(({ text, pair = null }) => ({ text, pair, label: none }));
}

/** What the head says of one text, as it stands and as it is answered. */
interface RowOutputs {
  readonly raw: Float32Array;
  readonly squashed: readonly number[];
}

/** Texts of like length together, so that few programs are made. */
function outputsOf<X extends TextExample, L>(
  outputs: Outputs,
  own: Own,
  texts: readonly TextWith<L>[],
  { encodeLabelled, uploader }: LabelledBatching<X, L>,
): readonly RowOutputs[] {
  const rows = encodeLabelled(texts);
  const plan = planBatches(
    rows.map(({ ids }) => ids.length),
    { size: Math.min(32, rows.length) },
  );
  const batches = evaluationBatches(rows, plan);
  const uploaded = uploader(batches);
  const found = new Array<RowOutputs>(rows.length);
  for (const batch of batches) {
    const tensors = uploaded(batch);
    const made = outputs(own, tensors);
    const [raw, squashed] = [made.raw.dataSync() as Float32Array, made.squashed.dataSync()];
    const width = made.raw.shape[1] as number;
    batch.rows.slice(0, batch.count).forEach(({ index }, row) => {
      const [from, to] = [row * width, (row + 1) * width];
      found[index] = { raw: raw.slice(from, to), squashed: Array.from(squashed.subarray(from, to)) };
    });
    disposeTree([tensors, made]);
  }
  return found;
}

/** @property encodeLabelled the rows of texts whose labels are at hand */
export interface LabelledBatching<X extends Example, L> extends Batching<X, EncodedText<L>, LabelledBatch> {
  readonly encodeLabelled: (texts: readonly TextWith<L>[]) => readonly EncodedText<L>[];
}

/**
 * Labelled texts as packed batches. All batches of one planned length share their grids and one number of rows N, the
 * most that any needs.
 * @param prompt free slots before each sequence @param room most tokens of a text that the model takes
 */
export function labelledBatching<X extends TextExample, L>(
  tokenizer: Tokenizer,
  maxLength: number,
  { of, upload: uploadLabels, each }: Labels<X, L>,
  { prompt, room = Infinity }: { readonly prompt: number; readonly room?: number },
): LabelledBatching<X, L> {
  const encodeLabelled: LabelledBatching<X, L>['encodeLabelled'] = (texts) =>
    fitting(encodeTexts(tokenizer, texts, maxLength), ({ ids }) => ids.length, room);
  return {
    encodeLabelled,
    encode: (examples) => encodeLabelled(examples.map((example) => ({ ...example, label: of(example) }))),
    labels: () => each,
    uploader: (batches) => {
      const tokens = ({ rows }: Batch<EncodedText<L>>): readonly number[] => rows.map(({ ids }) => ids.length + prompt);
      const packings = byLength(batches, (alike, length): Packing => {
        const all = alike.map(tokens);
        const lengths = commonGrids(all, length + prompt);
        return { lengths, size: commonRows(all, lengths, 32), prompt };
      });
      return ({ rows, count, length }) => ({
        inputs: uploadBatch(
          packSequences(
            rows.map(({ ids, typeIds: types }) => ({ ids, types })),
            packings.get(length) as Packing,
          ),
        ),
        labels: uploadLabels(rows.map(({ label }) => label)),
        weights: upload(
          Float32Array.from(rows, (_, row) => (row < count ? 1 : 0)),
          [rows.length],
        ),
      });
    },
  };
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
