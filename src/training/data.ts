import { packSequences, rowsNeeded, type PackedArrays } from '../model/packing';
import { uploadBatch } from '../model/batch';
import { upload } from '../engine/memory';
import type { Tokenizer } from '../model/tokenizer';
import { encodeExamples, evaluationBatches, trainingBatches, type Batch, type EncodedExample } from '../tasks/batches';
import { planBatches, type BatchPlan } from '../tasks/plan';
import type { ClassificationExample, TaskData } from '../tasks/task';
import type { LabelledBatch } from './classifier';
import type { TrainingJob, TrainingSettings } from './job';

/** The batches of a run, ready to upload. */
export interface RunData {
  readonly epochs: readonly (readonly Batch[])[];
  readonly validation: Scored;
  readonly test: Scored;
  /** Packs a batch into the rows that its shape has in this run. */
  tensors(batch: Batch): LabelledBatch;
}

export interface Scored { readonly batches: readonly Batch[]; readonly examples: readonly ClassificationExample[] }

const few = { quick: 3, full: 8 } as const;

/**
 * Encodes and batches a task for one run. All batches of one grid length share one number of rows N, the most that any of
 * them needs, so that training and evaluation have as many shapes as there are lengths.
 * @param prompt free slots before each sequence
 */
export function prepare(tokenizer: Tokenizer, data: TaskData<ClassificationExample>, job: TrainingJob, prompt: number): RunData {
  const { training } = job;
  const encode = (examples: readonly ClassificationExample[]): readonly EncodedExample[] => encodeExamples(tokenizer, examples, training.maxLength);
  const chosen = {
    train: take(data.train, training.examples), validation: take(data.validation, training.scored.validation), test: take(data.test, training.scored.test),
  };
  const parts = { train: encode(chosen.train), validation: encode(chosen.validation), test: encode(chosen.test) };
  const plan = planOf(tokenizer, [...parts.train, ...parts.validation, ...parts.test], training);
  const epochs = Array.from({ length: training.epochs }, (_, epoch) => trainingBatches(parts.train, plan, { seed: job.seed, epoch }));
  const validation = evaluationBatches(parts.validation, plan);
  const test = evaluationBatches(parts.test, plan);
  const rows = rowsByLength([...epochs.flat(), ...validation, ...test], prompt);
  return {
    epochs, validation: { batches: validation, examples: chosen.validation }, test: { batches: test, examples: chosen.test },
    tensors: (batch) => labelled(batch, packed(batch, rows.get(batch.length) ?? 0, prompt)),
  };
}

function planOf(tokenizer: Tokenizer, examples: readonly EncodedExample[], { batch, examples: used }: TrainingSettings): BatchPlan {
  const maxShapes = used === 'all' ? few.full : few.quick;
  return planBatches(examples.map((e) => e.ids.length), { size: batch, padId: tokenizer.padId, maxShapes });
}

function take<T>(items: readonly T[], count: number | 'all'): readonly T[] {
  return count === 'all' ? items : items.slice(0, count);
}

/** Rounded up to a multiple of 32: seeds that differ by a few tokens share a program. */
function rowsByLength(batches: readonly Batch[], prompt: number): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  for (const { length, lengths, size } of batches) {
    const needed = rowsNeeded(Array.from(lengths, (n) => n + prompt), length + prompt);
    const rounded = Math.min(Math.ceil(needed / 32) * 32, size * (length + prompt));
    rows.set(length, Math.max(rows.get(length) ?? 0, rounded));
  }
  return rows;
}

function packed({ ids, typeIds, lengths, length }: Batch, size: number, prompt: number): PackedArrays {
  const sequences = Array.from(lengths, (n, b) => {
    const row = b * length;
    return { ids: ids.subarray(row, row + n), types: typeIds.subarray(row, row + n) };
  });
  return packSequences(sequences, { length: length + prompt, size, prompt });
}

function labelled(batch: Batch, arrays: PackedArrays): LabelledBatch {
  return { inputs: uploadBatch(arrays), labels: upload(batch.labels, [batch.size]), weights: upload(batch.weights, [batch.size]) };
}
