import type { LanguageBatch, TargetSequence } from '../../model/language';
import { commonGrids, commonRows, quarters, type Packing } from '../../model/packing';
import type { Tokenizer } from '../../model/tokenizer';
import type { Batch } from '../../tasks/batches';
import { encodePairs, type EncodedPair, type PairOptions } from '../../tasks/encode';
import type { GenerationExample } from '../../tasks/generation';
import { prepare } from '../prepare';
import { packerOf } from '../packed';
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
    uploader: (shards: readonly Batch<EncodedPair>[]) => pairUploader(shards, prompt),
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

/** The tensors of any of these shards, in few shapes. */
export function pairUploader(
  shards: readonly Batch<EncodedPair>[],
  prompt: number,
): (batch: Batch<EncodedPair>) => LanguageBatch {
  const packing =
    (side: 'source' | 'target') =>
    (alike: readonly Batch<EncodedPair>[], length: number): Packing =>
      shapeOf(alike, length, prompt)[side];
  const sources = packerOf(shards, packing('source'), ({ ids }) => ({ ids }));
  const targets = packerOf(shards, packing('target'), ({ start, target }) => ({
    ids: [start, ...target.slice(0, -1)],
  }));
  const readsIn = readsUploader(shards);
  return (shard) => {
    const { packed, tensors } = targets(shard);
    const sequences = shard.rows.map(({ start, target }): TargetSequence => ({ ids: [start, ...target], from: 1 }));
    return {
      source: sources(shard).tensors,
      target: tensors,
      ...targetsOf(sequences, shard.count, packed, packed.rows.length),
      ...readsIn(shard),
    };
  };
}

/** Grids and rows of sources and of targets; there are as many labels as rows of the target. */
interface PairShape {
  readonly source: Packing;
  readonly target: Packing;
}

/** Rounded so coarsely that other seeds' batches nearly always have the same shapes. */
function shapeOf(alike: readonly Batch<EncodedPair>[], length: number, prompt: number): PairShape {
  const read = tokensOf(({ ids }: EncodedPair) => ids.length + prompt);
  const written = tokensOf(({ target }: EncodedPair) => target.length);
  const longest = Math.ceil(Math.max(...alike.flatMap(written)) / 8) * 8;
  const targets = commonGrids(alike.map(written), longest);
  const sources = targets.length === 1 ? [length + prompt] : quarters(alike.map(read), length + prompt);
  const size = alike[0]?.rows.length ?? 1;
  const source = { lengths: sources, size: commonRows(alike.map(read), sources, 4 * size), prompt };
  const target = { lengths: targets, size: commonRows(alike.map(written), targets, 2 * size), prompt: 0 };
  return { source, target: alike[0]?.of === undefined ? target : unlike(target, source, size) };
}

/** A row more where both have as many: dropout tells rows of sources and of targets apart by their number. */
function unlike(target: Packing, source: Packing, sequences: number): Packing {
  const cells = target.lengths.reduce((sum, length) => sum + (length * sequences) / target.lengths.length, 0);
  return target.size === source.size && target.size < cells ? { ...target, size: target.size + 1 } : target;
}
