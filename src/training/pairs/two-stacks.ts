import { uploadBatch } from '../../model/batch';
import type { LanguageBatch, TargetSequence } from '../../model/language';
import { commonGrids, commonRows, packSequences, quarters, type Packing } from '../../model/packing';
import type { Tokenizer } from '../../model/tokenizer';
import type { Batch } from '../../tasks/batches';
import { encodePairs, type EncodedPair, type PairOptions } from '../../tasks/encode';
import type { GenerationExample } from '../../tasks/generation';
import { byLength, prepare } from '../data';
import { fitting } from '../room';
import { readsOf, readsUploader, withReads, type ReadOptions } from './reads';
import { targetsOf, tokensOf, type PairForm, type PairLimits } from './form';

/**
 * Sources in an encoder and targets in a decoder, which reads its start and all but the last target token. All batches
 * of one planned source length share their shapes: rows and grids of sources and of targets.
 * @param prompt free slots before each source @param reading what prompts are written from
 */
export function twoStacks(
  tokenizer: Tokenizer,
  { room, ...options }: PairOptions & Pick<PairLimits, 'room'>,
  prompt: number,
  reading: ReadOptions,
): PairForm {
  const encode = (examples: readonly GenerationExample[]): readonly EncodedPair[] =>
    fitting(
      fitting(encodePairs(tokenizer, examples, options), ({ ids }) => ids.length, room.source),
      ({ target }) => target.length,
      room.target,
    );
  const reads = readsOf(reading, encode);
  const batching = {
    encode: (examples: readonly GenerationExample[]) => withReads(encode(examples), examples, reads),
    labels: ({ target }: EncodedPair) => target.length,
    uploader: (batches: readonly Batch<EncodedPair>[]) => pairUploader(batches, prompt),
  };
  return {
    prepare: (data, job, draw) => prepare(data, job, { ...batching, ...(draw && { draw }) }),
    sources: (examples) => {
      const rows = encode(examples);
      const start = rows[0]?.start ?? options.start;
      return { ids: rows.map(({ ids }) => ids), start, ...(reads && { reads: reads(examples) }) };
    },
  };
}

/** The tensors of any of `batches`, in few shapes. */
export function pairUploader(
  batches: readonly Batch<EncodedPair>[],
  prompt: number,
): (batch: Batch<EncodedPair>) => LanguageBatch {
  const shapes = shapesOf(batches, prompt);
  const readsIn = readsUploader(batches);
  return (batch) => ({ ...pairs(batch, shapes(batch.length)), ...readsIn(batch) });
}

/** Grids and rows of sources and of targets; there are as many labels as rows of the target. */
interface PairShape {
  readonly source: Packing;
  readonly target: Packing;
}

/** Rounded so coarsely that other seeds' batches nearly always have the same shapes. */
function shapesOf(batches: readonly Batch<EncodedPair>[], prompt: number): (length: number) => PairShape {
  const read = tokensOf(({ ids }: EncodedPair) => ids.length + prompt);
  const written = tokensOf(({ target }: EncodedPair) => target.length);
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
    rows.map(({ ids }) => ({ ids })),
    shape.source,
  );
  const sequences = rows.map(({ start, target }): TargetSequence => ({ ids: [start, ...target], from: 1 }));
  const target = packSequences(
    sequences.map(({ ids }) => ({ ids: Array.from(ids).slice(0, -1) })),
    shape.target,
  );
  return {
    source: uploadBatch(source),
    target: uploadBatch(target),
    ...targetsOf(sequences, count, target, shape.target.size),
  };
}
