import { upload } from '../engine/memory';
import { commonRows, type Packing } from '../model/packing';
import type { Tokenizer } from '../model/tokenizer';
import type { Batch } from '../tasks/batches';
import type { SpanExample } from '../tasks/answer-spans';
import { encodeWindows, type Window } from '../tasks/windows';
import type { Batching } from './data';
import { packerOf } from './packed';
import { fitting } from './room';
import type { SpanBatch } from './span-reader';

/**
 * Windows as packed batches, each of one grid: positions of a window then stand beside each other.
 * @param prompt free slots before each sequence @param room most tokens of a window that the model takes
 */
export function spanBatching(
  tokenizer: Tokenizer,
  maxLength: number,
  { prompt, room }: { readonly prompt: number; readonly room: number },
): Batching<SpanExample, Window, SpanBatch> {
  return {
    encode: (examples) => fitting(encodeWindows(tokenizer, examples, maxLength), ({ ids }) => ids.length, room),
    labels: () => 1,
    uploader: (shards) => {
      const packing = (alike: readonly Batch<Window>[], length: number): Packing => {
        const lengths = [length + prompt];
        const tokens = alike.map(({ rows }) => rows.map(({ ids }) => ids.length + prompt));
        return { lengths, size: commonRows(tokens, lengths, 32), prompt };
      };
      const pack = packerOf(shards, packing, ({ ids, typeIds: types }) => ({ ids, types }));
      return (shard) => ({ inputs: pack(shard).tensors, ...ends(shard, prompt) });
    },
  };
}

function ends({ rows, count, length }: Batch<Window>, prompt: number): Omit<SpanBatch, 'inputs'> {
  const width = length + prompt;
  const open = new Float32Array(rows.length * width);
  rows.forEach(({ from, begins }, row) => {
    const at = row * width + prompt;
    open[at] = 1;
    open.fill(1, at + from, at + from + begins.length);
  });
  const side = (at: 0 | 1): Int32Array => Int32Array.from(rows, ({ answer }) => answer[at] + prompt);
  return {
    open: upload(open, [rows.length, width]),
    starts: upload(side(0), [rows.length]),
    ends: upload(side(1), [rows.length]),
    weights: upload(
      Float32Array.from(rows, (_, row) => (row < count ? 1 : 0)),
      [rows.length],
    ),
  };
}
