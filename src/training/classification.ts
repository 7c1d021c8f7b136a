import { upload } from '../engine/memory';
import type { Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { uploadBatch } from '../model/batch';
import { commonGrids, commonRows, packSequences, type Packing } from '../model/packing';
import type { Tokenizer } from '../model/tokenizer';
import { drawInit } from '../petl/forms/init';
import { promptLength } from '../petl/forms/modify';
import type { Batch } from '../tasks/batches';
import { encodeTexts, type EncodedText } from '../tasks/encode';
import type { ClassificationExample } from '../tasks/task';
import { classifierOf, type LabelledBatch } from './classifier';
import { byLength, prepare, type Batching } from './data';
import type { TrainingJob } from './job';
import type { LoadedTask, TrainingModel } from './session';
import { trainerOf, type Trainer } from './trainer';

/** Trains a frozen encoder with a head on labelled texts. */
export function classificationTrainer(
  { name, backbone, tokenizer }: TrainingModel,
  { task, data }: Extract<LoadedTask, { kind: 'classification' }>,
  job: TrainingJob,
): Trainer {
  if (backbone.shape.decoderLayers > 0)
    throw new UserError(
      `task "${task.name}" is for encoders, and model "${name}" has a decoder: choose one such as minilm-l6`,
    );
  const classes = task.labels.length;
  return trainerOf(
    {
      metric: task.metric,
      learner: classifierOf(backbone, job.method, job.training),
      classes,
      head: (seed) => newHead(backbone.shape.width, classes, seed),
      prepare: (run) =>
        prepare(data, run, labelledBatching(tokenizer, run.training.maxLength, promptLength(run.method))),
      write: () => Promise.resolve(null),
      dispose: () => undefined,
    },
    job,
  );
}

/**
 * Labelled texts as packed batches. All batches of one planned length share their grids and one number of rows N, the
 * most that any needs.
 * @param prompt free slots before each sequence
 */
export function labelledBatching(
  tokenizer: Tokenizer,
  maxLength: number,
  prompt: number,
): Batching<ClassificationExample, EncodedText, LabelledBatch> {
  return {
    encode: (examples) => encodeTexts(tokenizer, examples, maxLength),
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
  const packed = packSequences(
    rows.map(({ ids, typeIds: types }) => ({ ids, types })),
    packing,
  );
  return {
    inputs: uploadBatch(packed),
    labels: upload(
      Int32Array.from(rows, ({ label }) => label),
      [rows.length],
    ),
    weights: upload(
      Float32Array.from(rows, (_, row) => (row < count ? 1 : 0)),
      [rows.length],
    ),
  };
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
