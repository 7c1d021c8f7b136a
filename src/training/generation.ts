import { UserError } from '../errors';
import { uploadBatch } from '../model/batch';
import { Generator } from '../model/generation/generate';
import { nextTokens, uploadTargets, type LanguageBatch, type TargetSequence } from '../model/language';
import { packSequences, rowsNeeded, type PackedArrays } from '../model/packing';
import type { Tokenizer } from '../model/tokenizer';
import { adaptationFor } from '../petl/adaptation';
import { promptLength } from '../petl/modify';
import type { Batch } from '../tasks/batches';
import { encodePairs, type EncodedPair, type PairOptions } from '../tasks/encode';
import type { GenerationExample } from '../tasks/task';
import { largestByLength, prepare, take, type Batching } from './data';
import { generatorOf } from './generator';
import type { TargetSettings, TrainingJob } from './job';
import type { LoadedTask, TrainingModel } from './session';
import { trainerOf, type Trainer } from './trainer';
import { writeTargets } from './write';

/** Trains a frozen encoder-decoder to write targets. */
export function generationTrainer(model: TrainingModel, { task, data }: Extract<LoadedTask, { kind: 'generation' }>, job: TrainingJob): Trainer {
  const { name, backbone, tokenizer, special } = model;
  const { shape } = backbone;
  if (shape.encoderLayers === 0 || shape.decoderLayers === 0) throw new UserError(`task "${task.name}" needs an encoder-decoder, and model "${name}" is none: choose petl-mini-seq2seq`);
  const start = special.start;
  if (start === null) throw new UserError(`model "${name}" names no decoder_start_token_id: add it to its config.json`);
  const generator = new Generator(backbone, adaptationFor(job.method, shape), { engine: job.engine, precision: job.training.precision });
  const optionsOf = ({ training }: TrainingJob): PairOptions => ({ source: training.maxLength, target: targetOf(task.name, training.target).maxLength, start, end: special.end, languages: task.languages });
  return trainerOf({
    metric: task.metric,
    learner: generatorOf(backbone, job.method, job.training),
    classes: 0,
    head: () => ({}),
    prepare: (run) => prepare(data, run, pairBatching(tokenizer, optionsOf(run), promptLength(run.method))),
    write: async ({ variables, constants }, run) => {
      const target = targetOf(task.name, run.training.target);
      const examples = take(take(data.test, run.training.scored.test), target.decoded);
      if (examples.length === 0) return null;
      return await writeTargets({ generator, tokenizer, special, target }, examples, encodePairs(tokenizer, examples, optionsOf(run)), { ...variables, ...constants });
    },
    dispose: () => { generator.dispose(); },
  }, job);
}

function targetOf(task: string, target: TargetSettings | null): TargetSettings {
  if (target === null) throw new UserError(`task "${task}" writes texts, and the run has no settings for its targets: give training.target`);
  return target;
}

/**
 * Sources and targets as packed batches, the target shifted by one: the decoder reads its start and all but the last target token.
 * All batches of one planned source length share their shapes: rows of sources, of targets, and the targets' grid.
 * @param prompt free slots before each source
 */
export function pairBatching(tokenizer: Tokenizer, options: PairOptions, prompt: number): Batching<GenerationExample, EncodedPair, LanguageBatch> {
  return {
    encode: (examples) => encodePairs(tokenizer, examples, options),
    labels: ({ target }) => target.length,
    uploader: (batches) => pairUploader(batches, prompt),
  };
}

/** The tensors of any of `batches`, in few shapes. */
export function pairUploader(batches: readonly Batch<EncodedPair>[], prompt: number): (batch: Batch<EncodedPair>) => LanguageBatch {
  const shapes = shapesOf(batches, prompt);
  return (batch) => pairs(batch, shapes(batch.length), prompt);
}

/** Rows of the source N_s, the target's grid length T_t, and its rows N_t, which is also how many labels there are. */
interface PairShape { readonly source: number; readonly length: number; readonly target: number }

/** Rounded so coarsely that other seeds' batches nearly always have the same shapes. */
function shapesOf(batches: readonly Batch<EncodedPair>[], prompt: number): (length: number) => PairShape {
  const size = batches[0]?.rows.length ?? 1;
  const source = largestByLength(batches, ({ rows, length }) => rowsNeeded(rows.map(({ ids }) => ids.length + prompt), [length + prompt]), 4 * size);
  const length = largestByLength(batches, ({ rows }) => Math.max(...rows.map(({ target }) => target.length)), 8);
  const target = largestByLength(batches, ({ rows }) => 1 + rows.reduce((sum, row) => sum + row.target.length, 0), 2 * size);
  return (planned) => {
    const grid = length.get(planned) ?? 0;
    return { length: grid, source: Math.min(source.get(planned) ?? 0, size * (planned + prompt)), target: Math.min(target.get(planned) ?? 0, size * grid) };
  };
}

function pairs({ rows, length, count }: Batch<EncodedPair>, shape: PairShape, prompt: number): LanguageBatch {
  const source = packSequences(rows.map(({ ids }) => plain(ids)), { lengths: [length + prompt], size: shape.source, prompt });
  const sequences = rows.map(({ start, target }): TargetSequence => ({ ids: [start, ...target], from: 1 }));
  const target = packSequences(sequences.map(({ ids }) => plain(Array.from(ids).slice(0, -1))), { lengths: [shape.length], size: shape.target, prompt: 0 });
  return { source: uploadBatch(source), target: uploadBatch(target), ...uploadTargets(labelsOf(sequences, count, target, shape.target)) };
}

/** Fillers' labels have weight 0; they stand after those that count. */
function labelsOf(sequences: readonly TargetSequence[], count: number, packed: PackedArrays, size: number): ReturnType<typeof nextTokens> {
  const labels = nextTokens(sequences, packed, size);
  const real = sequences.slice(0, count).reduce((sum, { ids }) => sum + ids.length - 1, 0);
  labels.weights.fill(0, real);
  return labels;
}

function plain(ids: ArrayLike<number>): { readonly ids: ArrayLike<number>; readonly types: ArrayLike<number> } {
  return { ids, types: new Int32Array(ids.length) };
}
