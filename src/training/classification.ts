import { upload } from '../engine/memory';
import type { Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { uploadBatch } from '../model/batch';
import { packSequences, rowsNeeded } from '../model/packing';
import type { Tokenizer } from '../model/tokenizer';
import { drawInit } from '../petl/init';
import { promptLength } from '../petl/modify';
import type { Batch } from '../tasks/batches';
import { encodeTexts, type EncodedText } from '../tasks/encode';
import type { ClassificationExample } from '../tasks/task';
import { classifierOf, type LabelledBatch } from './classifier';
import { largestByLength, prepare, type Batching } from './data';
import type { TrainingJob } from './job';
import type { LoadedTask, TrainingModel } from './session';
import { trainerOf, type Trainer } from './trainer';

/** Trains a frozen encoder with a head on labelled texts. */
export function classificationTrainer({ name, backbone, tokenizer }: TrainingModel, { task, data }: Extract<LoadedTask, { kind: 'classification' }>, job: TrainingJob): Trainer {
  if (backbone.shape.decoderLayers > 0) throw new UserError(`task "${task.name}" is for encoders, and model "${name}" has a decoder: choose one such as minilm-l6`);
  const classes = task.labels.length;
  return trainerOf({
    metric: task.metric,
    learner: classifierOf(backbone, job.method, job.training),
    classes,
    head: (seed) => newHead(backbone.shape.width, classes, seed),
    prepare: (run) => prepare(data, run, labelledBatching(tokenizer, run.training.maxLength, promptLength(run.method))),
    write: () => Promise.resolve(null),
    dispose: () => undefined,
  }, job);
}

/**
 * Labelled texts as packed batches. All batches of one planned length share one number of rows N, the most that any of them needs.
 * @param prompt free slots before each sequence
 */
export function labelledBatching(tokenizer: Tokenizer, maxLength: number, prompt: number): Batching<ClassificationExample, EncodedText, LabelledBatch> {
  return {
    encode: (examples) => encodeTexts(tokenizer, examples, maxLength),
    labels: () => 1,
    uploader: (batches) => {
      const needed = ({ rows, length }: Batch<EncodedText>): number => rowsNeeded(rows.map(({ ids }) => ids.length + prompt), length + prompt);
      const sizes = largestByLength(batches, needed, 32);
      return (batch) => labelled(batch, sizes.get(batch.length) ?? 0, prompt);
    },
  };
}

function labelled({ rows, length: text, count }: Batch<EncodedText>, needed: number, prompt: number): LabelledBatch {
  const length = text + prompt;
  const packed = packSequences(rows.map(({ ids, typeIds: types }) => ({ ids, types })), { length, size: Math.min(needed, rows.length * length), prompt });
  return {
    inputs: uploadBatch(packed), labels: upload(Int32Array.from(rows, ({ label }) => label), [rows.length]),
    weights: upload(Float32Array.from(rows, (_, row) => (row < count ? 1 : 0)), [rows.length]),
  };
}

/** N(0, 0.02) weights and zero biases, as BERT's heads start. */
export function newHead(width: number, classes: number, seed: number): Tensors {
  return {
    'head.weight': upload(drawInit({ kind: 'normal', std: 0.02 }, [width, classes], seed, 'head.weight'), [width, classes]),
    'head.bias': upload(new Float32Array(classes), [classes]),
  };
}
