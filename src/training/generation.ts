import { UserError } from '../errors';
import { uploadBatch } from '../model/batch';
import { Generator } from '../model/generation/generate';
import { nextTokens, uploadTargets, type LanguageBatch, type TargetSequence } from '../model/language';
import { commonGrids, commonRows, packSequences, quarters, type PackedArrays, type Packing } from '../model/packing';
import type { Tokenizer } from '../model/tokenizer';
import { adaptationFor } from '../petl/forms/adaptation';
import { promptLength } from '../petl/forms/modify';
import type { Batch } from '../tasks/batches';
import { encodePairs, type EncodedPair, type PairOptions } from '../tasks/encode';
import type { GenerationExample } from '../tasks/task';
import { byLength, prepare, take, type Batching } from './data';
import { generatorOf } from './generator';
import type { TargetSettings, TrainingJob } from './job';
import type { LoadedTask, TrainingModel } from './session';
import { trainerOf, type Trainer } from './trainer';
import { writeTargets } from './write';

/** Trains a frozen encoder-decoder to write targets. */
export function generationTrainer(
  model: TrainingModel,
  { task, data }: Extract<LoadedTask, { kind: 'generation' }>,
  job: TrainingJob,
): Trainer {
  const { name, backbone, tokenizer, special } = model;
  const { shape } = backbone;
  if (shape.encoderLayers === 0 || shape.decoderLayers === 0)
    throw new UserError(
      `task "${task.name}" needs an encoder-decoder, and model "${name}" is none: choose petl-mini-seq2seq`,
    );
  const start = special.start;
  if (start === null) throw new UserError(`model "${name}" names no decoder_start_token_id: add it to its config.json`);
  const generator = new Generator(backbone, adaptationFor(job.method, shape), {
    engine: job.engine,
    precision: job.training.precision,
  });
  const optionsOf = ({ training }: TrainingJob): PairOptions => ({
    source: training.maxLength,
    target: targetOf(task.name, training.target).maxLength,
    start,
    end: special.end,
    languages: task.languages,
  });
  return trainerOf(
    {
      metric: task.metric,
      learner: generatorOf(backbone, job.method, job.training),
      classes: 0,
      head: () => ({}),
      prepare: (run) => prepare(data, run, pairBatching(tokenizer, optionsOf(run), promptLength(run.method))),
      write: async ({ variables, constants }, run) => {
        const target = targetOf(task.name, run.training.target);
        const examples = take(take(data.test, run.training.scored.test), target.decoded);
        if (examples.length === 0) return null;
        return await writeTargets(
          { generator, tokenizer, special, target },
          examples,
          encodePairs(tokenizer, examples, optionsOf(run)),
          { ...variables, ...constants },
        );
      },
      dispose: () => {
        generator.dispose();
      },
    },
    job,
  );
}

function targetOf(task: string, target: TargetSettings | null): TargetSettings {
  if (target === null)
    throw new UserError(
      `task "${task}" writes texts, and the run has no settings for its targets: give training.target`,
    );
  return target;
}

/**
 * Sources and targets as packed batches, the target shifted by one: the decoder reads its start and all but the last
 * target token.
 * All batches of one planned source length share their shapes: rows and grids of sources and of targets.
 * @param prompt free slots before each source
 */
export function pairBatching(
  tokenizer: Tokenizer,
  options: PairOptions,
  prompt: number,
): Batching<GenerationExample, EncodedPair, LanguageBatch> {
  return {
    encode: (examples) => encodePairs(tokenizer, examples, options),
    labels: ({ target }) => target.length,
    uploader: (batches) => pairUploader(batches, prompt),
  };
}

/** The tensors of any of `batches`, in few shapes. */
export function pairUploader(
  batches: readonly Batch<EncodedPair>[],
  prompt: number,
): (batch: Batch<EncodedPair>) => LanguageBatch {
  const shapes = shapesOf(batches, prompt);
  return (batch) => pairs(batch, shapes(batch.length));
}

/** Grids and rows of sources and of targets; there are as many labels as rows of the target. */
interface PairShape {
  readonly source: Packing;
  readonly target: Packing;
}

/** Rounded so coarsely that other seeds' batches nearly always have the same shapes. */
function shapesOf(batches: readonly Batch<EncodedPair>[], prompt: number): (length: number) => PairShape {
  const read = ({ rows }: Batch<EncodedPair>): readonly number[] => rows.map(({ ids }) => ids.length + prompt);
  const written = ({ rows }: Batch<EncodedPair>): readonly number[] => rows.map(({ target }) => target.length);
  const shapes = byLength(batches, (alike, length): PairShape => {
    const longest = Math.ceil(Math.max(...alike.flatMap(written)) / 8) * 8;
    const targets = commonGrids(alike.map(written), longest);
    const sources = targets.length === 1 ? [length + prompt] : quarters(alike.map(read), length + prompt);
    const size = alike[0]?.rows.length ?? 1;
    return {
      source: { lengths: sources, size: commonRows(alike.map(read), sources, 4 * size), prompt },
      target: { lengths: targets, size: commonRows(alike.map(written), targets, 2 * size), prompt: 0 },
    };
  });
  return (length) => shapes.get(length) as PairShape;
}

function pairs({ rows, count }: Batch<EncodedPair>, shape: PairShape): LanguageBatch {
  const source = packSequences(
    rows.map(({ ids }) => plain(ids)),
    shape.source,
  );
  const sequences = rows.map(({ start, target }): TargetSequence => ({ ids: [start, ...target], from: 1 }));
  const target = packSequences(
    sequences.map(({ ids }) => plain(Array.from(ids).slice(0, -1))),
    shape.target,
  );
  return {
    source: uploadBatch(source),
    target: uploadBatch(target),
    ...uploadTargets(labelsOf(sequences, count, target, shape.target.size)),
  };
}

/** Fillers' labels have weight 0; they stand after those that count. */
function labelsOf(
  sequences: readonly TargetSequence[],
  count: number,
  packed: PackedArrays,
  size: number,
): ReturnType<typeof nextTokens> {
  const labels = nextTokens(sequences, packed, size);
  const real = sequences.slice(0, count).reduce((sum, { ids }) => sum + ids.length - 1, 0);
  labels.weights.fill(0, real);
  return labels;
}

function plain(ids: ArrayLike<number>): { readonly ids: ArrayLike<number>; readonly types: ArrayLike<number> } {
  return { ids, types: new Int32Array(ids.length) };
}
