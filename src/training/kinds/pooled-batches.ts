import { upload } from '../../engine/memory';
import type { Tensor } from '../../engine/tf';
import { commonGrids, commonRows, type Packing } from '../../model/packing';
import type { Tokenizer } from '../../model/tokenizer';
import type { Batch } from '../../tasks/batches';
import { encodeTexts, type EncodedText, type TextWith } from '../../tasks/encode';
import type { Example } from '../../tasks/task';
import type { Batching } from '../data';
import type { LabelledBatch } from '../labelled';
import { packerOf } from '../packed';
import { fitting } from '../room';

/** An example as an encoder with one head reads it. */
export interface TextExample extends Example {
  readonly pair: string | null;
}

/** What is told of a text, and how it becomes a tensor. L is what one example has. */
export interface Labels<X extends Example, L> {
  readonly of: (example: X) => L;
  /** Of an example that is only read. */
  readonly none: L;
  /** The tensor of a batch's labels, as the objective takes them. */
  readonly upload: (labels: readonly L[]) => Tensor;
  /** Labels of one example. */
  readonly each: number;
}

/** @property encodeLabelled the rows of texts whose labels are at hand */
export interface LabelledBatching<X extends Example, L> extends Batching<X, EncodedText<L>, LabelledBatch> {
  readonly encodeLabelled: (texts: readonly TextWith<L>[]) => readonly EncodedText<L>[];
}

/**
 * Labelled texts as packed batches. All batches of one planned length share their grids and one number of rows N, the
 * most that any needs.
 * @param prompt free slots before each sequence @param room most tokens of a text that the model takes
 */
export function labelledBatching<X extends TextExample, L>(
  tokenizer: Tokenizer,
  maxLength: number,
  { of, upload: uploadLabels, each }: Labels<X, L>,
  { prompt, room = Infinity }: { readonly prompt: number; readonly room?: number },
): LabelledBatching<X, L> {
  const encodeLabelled: LabelledBatching<X, L>['encodeLabelled'] = (texts) =>
    fitting(encodeTexts(tokenizer, texts, maxLength), ({ ids }) => ids.length, room);
  return {
    encodeLabelled,
    encode: (examples) => encodeLabelled(examples.map((example) => ({ ...example, label: of(example) }))),
    labels: () => each,
    uploader: (shards) => {
      const tokens = ({ rows }: Batch<EncodedText<L>>): readonly number[] => rows.map(({ ids }) => ids.length + prompt);
      const packing = (alike: readonly Batch<EncodedText<L>>[], length: number): Packing => {
        const all = alike.map(tokens);
        const lengths = commonGrids(all, length + prompt);
        return { lengths, size: commonRows(all, lengths, 32), prompt };
      };
      const pack = packerOf(shards, packing, ({ ids, typeIds: types }) => ({ ids, types }));
      return (shard) => ({
        inputs: pack(shard).tensors,
        labels: uploadLabels(shard.rows.map(({ label }) => label)),
        weights: upload(
          Float32Array.from(shard.rows, (_, row) => (row < shard.count ? 1 : 0)),
          [shard.rows.length],
        ),
      });
    },
  };
}
