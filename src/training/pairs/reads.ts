import { UserError } from '../../errors';
import { uploadBatch, type Batch as PackedBatch } from '../../model/batch';
import { commonRows, packSequences, rowsNeeded, type Packing } from '../../model/packing';
import type { Tokenizer } from '../../model/tokenizer';
import type { Prompt, WrittenPrompt } from '../../petl/design/types';
import type { Batch, Encoded } from '../../tasks/batches';
import type { GenerationExample } from '../../tasks/generation';
import { hashOf } from '../../tasks/split';
import { packerOf } from '../packed';

/** Token ids that the prompt of each example is written from. */
export type Reads = (examples: readonly GenerationExample[]) => readonly ArrayLike<number>[];

/** Sources as the model reads them: their ids, and their texts as far as they are read. */
export type Shown = (
  examples: readonly GenerationExample[],
) => readonly { readonly ids: ArrayLike<number>; readonly shown: string }[];

/** How a run's texts become what generators read. */
export interface ReadOptions {
  readonly prompt: Prompt;
  /** Of the encoder, where it is another model. */
  readonly tokenizer: Tokenizer | undefined;
  /** Most tokens that the encoder takes. */
  readonly room: number;
}

/** For methods that write no prompts. */
export const unread: ReadOptions = { prompt: { kind: 'none' }, tokenizer: undefined, room: 0 };

/**
 * What the generator of a prompt reads of examples, the whole text that the model reads and nothing beside it; undefined
 * for other prompts.
 */
export function readsOf({ prompt, tokenizer, room }: ReadOptions, shownOf: Shown): Reads | undefined {
  if (prompt.kind !== 'written') return undefined;
  const other = prompt.encoder.kind === 'own' ? undefined : tokenizer;
  return (examples) =>
    shownOf(given(prompt.source, examples)).map(({ ids, shown }) =>
      other === undefined ? ids : encoded(shown, other, room),
    );
}

function encoded(text: string, tokenizer: Tokenizer, room: number): ArrayLike<number> {
  const { ids } = tokenizer.encode({ text, pair: null }, 1 << 20);
  if (ids.length <= room) return ids;
  throw new UserError(
    `a text has ${ids.length} tokens of the encoder that prompts are written from, which reads ${room}: set training.maxLength lower`,
  );
}

/** The examples whose texts are read in place of each. */
function given(source: WrittenPrompt['source'], examples: readonly GenerationExample[]): readonly GenerationExample[] {
  const empty = examples.map(({ id, target }) => ({ id, target, text: '' }));
  switch (source) {
    case 'true':
      return examples;
    case 'constant':
      return empty;
    case 'shuffled': {
      if (examples.length < 2) return empty; // there is no other
      const order = examples
        .map(({ id }, i) => ({ i, key: hashOf(`read ${id}`) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      const other = new Map(order.map(({ i }, place) => [i, order[(place + 1) % order.length]?.i ?? 0]));
      return examples.map((example, i) => examples[other.get(i) ?? i] ?? example);
    }
  }
}

/** Encoded rows with what their prompts are written from. */
export function withReads<E extends Encoded>(
  rows: readonly E[],
  examples: readonly GenerationExample[],
  reads: Reads | undefined,
): readonly E[] {
  if (reads === undefined) return rows;
  const all = reads(examples);
  return rows.map((row, i) => ({ ...row, reads: all[i] ?? [] }));
}

const none: readonly number[] = [];

/** What is read of any of these shards, in few shapes; undefined where nothing is. */
export function readsUploader<E extends Encoded>(
  shards: readonly Batch<E>[],
): (shard: Batch<E>) => { readonly reads?: PackedBatch } {
  if (shards[0]?.rows[0]?.reads === undefined) return () => ({});
  const tokens = ({ rows }: Batch<E>): readonly number[] => rows.map(({ reads = none }) => reads.length);
  const packing = (alike: readonly Batch<E>[]): Packing => {
    const all = alike.map(tokens);
    const lengths = [roundedUp(Math.max(...all.flat()), 8)];
    return { lengths, size: commonRows(all, lengths, 32), prompt: 0 };
  };
  const pack = packerOf(shards, packing, ({ reads = none }) => ({ ids: reads }));
  return (shard) => ({ reads: pack(shard).tensors });
}

/** Texts to read together, in coarse shapes: many such batches share a program. */
export function uploadReads(texts: readonly ArrayLike<number>[]): PackedBatch {
  const lengths = texts.map((ids) => ids.length);
  const length = roundedUp(Math.max(...lengths), 16);
  const cells = texts.length * length;
  const size = Math.min(roundedUp(rowsNeeded(lengths, [length]), Math.max(16, cells / 8)), cells);
  const sequences = texts.map((ids) => ({ ids }));
  return uploadBatch(packSequences(sequences, { lengths: [length], size, prompt: 0 }));
}

const roundedUp = (n: number, step: number): number => Math.ceil(n / step) * step;
