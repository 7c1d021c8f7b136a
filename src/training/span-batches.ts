import { upload } from '../engine/memory';
import { uploadBatch } from '../model/batch';
import { commonRows, packSequences, type Packing } from '../model/packing';
import type { Tokenizer } from '../model/tokenizer';
import type { Batch } from '../tasks/batches';
import type { SpanExample } from '../tasks/answer-spans';
import { encodeWindows, type Window } from '../tasks/windows';
import { byLength, type Batching } from './data';
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
    uploader: (batches) => {
      const packings = byLength(batches, (alike, length): Packing => {
        const lengths = [length + prompt];
        const tokens = alike.map(({ rows }) => rows.map(({ ids }) => ids.length + prompt));
        return { lengths, size: commonRows(tokens, lengths, 32), prompt };
      });
      return (batch) => uploaded(batch, packings.get(batch.length) as Packing);
    },
  };
}

function uploaded({ rows, count, length }: Batch<Window>, packing: Packing): SpanBatch {
  const { prompt } = packing;
  const width = length + prompt;
  const open = new Float32Array(rows.length * width);
  rows.forEach(({ from, begins }, row) => {
    const at = row * width + prompt;
    open[at] = 1;
    open.fill(1, at + from, at + from + begins.length);
  });
  const ends = (side: 0 | 1): Int32Array => Int32Array.from(rows, ({ answer }) => answer[side] + prompt);
  return {
    inputs: uploadBatch(
      packSequences(
        rows.map(({ ids, typeIds: types }) => ({ ids, types })),
        packing,
      ),
    ),
    open: upload(open, [rows.length, width]),
    starts: upload(ends(0), [rows.length]),
    ends: upload(ends(1), [rows.length]),
    weights: upload(
      Float32Array.from(rows, (_, row) => (row < count ? 1 : 0)),
      [rows.length],
    ),
  };
}
