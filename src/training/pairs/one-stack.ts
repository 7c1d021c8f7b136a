import type { LanguageBatch } from '../../model/language';
import { commonGrids, commonRows, type Packing } from '../../model/packing';
import type { Tokenizer } from '../../model/tokenizer';
import type { Batch } from '../../tasks/batches';
import { encodeLines, type EncodedLine } from '../../tasks/encode';
import type { GenerationExample } from '../../tasks/generation';
import { byLength } from '../data';
import { prepare } from '../prepare';
import { packerOf } from '../packed';
import { fitting } from '../room';
import { readsOf, readsUploader, unread, withReads, type ReadOptions } from './reads';
import { targetsOf, tokensOf, type PairForm, type PairLimits } from './form';

/**
 * Source, separator and target as one text of a decoder, which learns the target and its end alone. All batches of one
 * planned length share their shapes: grids, rows and the number of labels.
 * @param prompt free slots before each text @param reading what prompts are written from
 */
export function oneStack(
  tokenizer: Tokenizer,
  limits: PairLimits,
  prompt: number,
  reading: ReadOptions = unread,
): PairForm {
  const encode = (examples: readonly GenerationExample[]): readonly EncodedLine[] =>
    fitting(encodeLines(tokenizer, examples, limits), ({ ids }) => ids.length, limits.room.target);
  const reads = readsOf(reading, (examples) =>
    encode(examples).map(({ whole, from, shown }) => ({ ids: whole.subarray(0, from), shown })),
  );
  const batching = {
    encode: (examples: readonly GenerationExample[]) => withReads(encode(examples), examples, reads),
    labels: labelsIn,
    uploader: (shards: readonly Batch<EncodedLine>[]) => lineUploader(shards, prompt),
  };
  return {
    prepare: (data, job, draw) => prepare(data, job, { ...batching, ...(draw && { draw }) }),
    sources: (examples) => {
      const lines = encode(examples);
      const segments = {
        read: lines.map(({ types, from }) => types.subarray(0, from)),
        written: lines.map(({ types, from }) => types[from] ?? 0),
      };
      return {
        ids: lines.map(({ whole, from }) => whole.subarray(0, from)),
        start: null,
        segments,
        ...(reads && { reads: reads(examples) }),
      };
    },
  };
}

function labelsIn({ whole, from }: EncodedLine): number {
  return whole.length - from;
}

/** The tensors of any of these shards, in few shapes. */
export function lineUploader(
  shards: readonly Batch<EncodedLine>[],
  prompt: number,
): (batch: Batch<EncodedLine>) => LanguageBatch {
  const read = tokensOf(({ ids }: EncodedLine) => ids.length + prompt);
  const packing = (alike: readonly Batch<EncodedLine>[], length: number): Packing => {
    const lengths = commonGrids(alike.map(read), length + prompt);
    return { lengths, size: commonRows(alike.map(read), lengths, 32), prompt };
  };
  const pack = packerOf(shards, packing, ({ ids, types }) => ({ ids, types }));
  const labels = byLength(shards, (alike) => {
    const most = Math.max(...alike.map(({ rows }) => rows.reduce((sum, row) => sum + labelsIn(row), 0)));
    return Math.ceil(most / 16) * 16;
  });
  const readsIn = readsUploader(shards);
  return (shard) => {
    const sequences = shard.rows.map(({ whole, from }) => ({ ids: whole, from }));
    const { packed, tensors } = pack(shard);
    return {
      target: tensors,
      ...targetsOf(sequences, shard.count, packed, labels.get(shard.length) ?? 0),
      ...readsIn(shard),
    };
  };
}
