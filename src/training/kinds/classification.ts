import { compile } from '../../engine/compile';
import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { disposeTree } from '../../engine/tree';
import { UserError } from '../../errors';
import { uploadBatch } from '../../model/batch';
import { commonGrids, commonRows, packSequences, type Packing } from '../../model/packing';
import type { Tokenizer } from '../../model/tokenizer';
import { drawInit } from '../../petl/forms/init';
import { promptLength } from '../../petl/forms/modify';
import { evaluationBatches, type Batch } from '../../tasks/batches';
import {
  classificationTask,
  labelledTask,
  type ClassificationExample,
  type ClassificationTask,
} from '../../tasks/classification';
import { encodeTexts, type EncodedText } from '../../tasks/encode';
import { planBatches } from '../../tasks/plan';
import { classifierOf } from '../classifier';
import { byLength, prepare, type Batching } from '../data';
import type { TrainingJob } from '../job';
import { labelledBatch, type LabelledBatch } from '../labelled';
import type { Own } from '../learner';
import { fitting, roomIn } from '../room';
import { defineKind, type Prediction, type Reading, type TaskKind } from './kind';
import { demandText } from './texts';

/** Labelled texts on a frozen encoder with a head: scored by accuracy, F1 or Matthews, answered by probabilities. */
export const classification: TaskKind = defineKind<ClassificationTask, ClassificationExample, LabelledBatch>({
  name: 'classification',
  note: ({ kind, name, metric, labels }) => ({ kind, name, metric, labels }),
  noted: ({ name, metric, labels }) =>
    classificationTask({
      name,
      metric: metric as string,
      labels: labels as readonly string[],
      load: () => Promise.reject(new UserError(`task "${name}" is here without its examples`)),
    }),
  check: ({ name, labels }, data) => {
    demandText(name, data);
    const wrong = Object.values(data)
      .flat()
      .find(({ label }) => !Number.isInteger(label) || label < 0 || label >= labels.length);
    if (wrong !== undefined)
      throw new UserError(
        `task "${name}", example ${wrong.id}: label ${String(wrong.label)} is no index of its ${labels.length} labels (${labels.join(', ')})`,
      );
  },
  programs: () => null, // heads come with the tensors, labels with the question
  open: ({ name, backbone, tokenizer }, task, job) => {
    if (backbone.shape.decoderLayers > 0)
      throw new UserError(
        `task "${task.name}" is for encoders, and model "${name}" has a decoder: choose one such as minilm-l6`,
      );
    const learner = classifierOf(backbone, job.method, job.training);
    const probabilities = compile(
      (own: Own, { inputs }: LabelledBatch) => ({ all: tf.softmax(learner.logits(own, inputs, undefined)) }),
      job.engine,
      job.training.precision,
    );
    const batching = (run: TrainingJob): ReturnType<typeof labelledBatching> =>
      labelledBatching(tokenizer, run.training.maxLength, {
        prompt: promptLength(run.method),
        room: roomIn('encoder', run.method, backbone.shape),
      });
    return {
      learner,
      score: (own, batch) => learner.score(own, batch),
      right: ({ label }) => label,
      head: (seed) => newHead(backbone.shape.width, task.outputs, seed),
      prepare: (data, run) => prepare(data, run, batching(run)),
      predict: (own, inputs, run) =>
        Promise.resolve(predict({ own, labels: labelledTask(run.task).labels, probabilities }, inputs, batching(run))),
      write: () => Promise.resolve(null),
      times: () => probabilities.times(),
      dispose: () => {
        probabilities.dispose();
      },
    };
  },
});

interface Answering {
  readonly own: Own;
  readonly labels: readonly string[];
  readonly probabilities: (own: Own, batch: LabelledBatch) => { readonly all: Tensor };
}

/** Texts of like length together, so that few programs are made. */
function predict(
  { own, labels, probabilities }: Answering,
  inputs: readonly Reading[],
  { encode, uploader }: Batching<ClassificationExample, EncodedText, LabelledBatch>,
): readonly Prediction[] {
  const rows = encode(inputs.map(({ text, pair = null }, i) => ({ id: String(i), text, pair, label: 0 })));
  const plan = planBatches(
    rows.map(({ ids }) => ids.length),
    { size: Math.min(32, rows.length) },
  );
  const batches = evaluationBatches(rows, plan);
  const uploaded = uploader(batches);
  const found = new Array<Prediction>(rows.length);
  for (const batch of batches) {
    const tensors = uploaded(batch);
    const { all } = probabilities(own, tensors);
    const values = all.dataSync();
    batch.rows.slice(0, batch.count).forEach(({ index }, row) => {
      found[index] = labelOf(labels, values.subarray(row * labels.length, (row + 1) * labels.length));
    });
    disposeTree([tensors, all]);
  }
  return found;
}

function labelOf(labels: readonly string[], values: ArrayLike<number>): Prediction {
  const probabilities = Object.fromEntries(labels.map((label, i) => [label, values[i] ?? NaN]));
  const best = Array.from(values).reduce((most, value, i, all) => (value > (all[most] ?? NaN) ? i : most), 0);
  return { kind: 'label', label: labels[best] ?? '', probabilities };
}

/**
 * Labelled texts as packed batches. All batches of one planned length share their grids and one number of rows N, the
 * most that any needs.
 * @param prompt free slots before each sequence @param room most tokens of a text that the model takes
 */
export function labelledBatching(
  tokenizer: Tokenizer,
  maxLength: number,
  { prompt, room = Infinity }: { readonly prompt: number; readonly room?: number },
): Batching<ClassificationExample, EncodedText, LabelledBatch> {
  return {
    encode: (examples) => fitting(encodeTexts(tokenizer, examples, maxLength), ({ ids }) => ids.length, room),
    labels: () => 1,
    uploader: (batches) => {
      const tokens = ({ rows }: Batch<EncodedText>): readonly number[] => rows.map(({ ids }) => ids.length + prompt);
      const packings = byLength(batches, (alike, length): Packing => {
        const all = alike.map(tokens);
        const lengths = commonGrids(all, length + prompt);
        return { lengths, size: commonRows(all, lengths, 32), prompt };
      });
      return (batch) => labelled(batch, packings.get(batch.length) as Packing);
    },
  };
}

function labelled({ rows, count }: Batch<EncodedText>, packing: Packing): LabelledBatch {
  const sequences = rows.map(({ ids, typeIds: types }) => ({ ids, types }));
  return labelledBatch(
    uploadBatch(packSequences(sequences, packing)),
    rows.map(({ label }) => label),
    rows.map((_, row) => (row < count ? 1 : 0)),
  );
}

/** N(0, 0.02) weights and zero biases, as BERT's heads start. */
export function newHead(width: number, classes: number, seed: number): Tensors {
  return {
    'head.weight': upload(drawInit({ kind: 'normal', std: 0.02 }, [width, classes], seed, 'head.weight'), [
      width,
      classes,
    ]),
    'head.bias': upload(new Float32Array(classes), [classes]),
  };
}
