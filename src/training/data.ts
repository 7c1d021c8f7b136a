import type { Batch, Encoded } from '../tasks/batches';
import type { DataPrint } from '../tasks/fingerprint';
import type { Example } from '../tasks/task';

/** A batch at rest, in the shards that one program computes side by side. */
export type Ready<B> = readonly Shard<B>[];

export interface Shard<B> {
  /**
   * For each row that counts, its example's position, how many of the shard's labels are its own, one after another,
   * what it was encoded to, and its row in the batch.
   */
  readonly rows: readonly {
    readonly index: number;
    readonly labels: number;
    readonly encoded: Encoded;
    readonly row: number;
  }[];
  /** The shard's tensors, which the caller owns. */
  readonly upload: () => B;
}

/** What is scored. */
export interface Part<B> {
  readonly batches: readonly Ready<B>[];
  readonly ids: readonly string[];
}

/** The batches of a run, ready to upload. */
export interface RunData<B> {
  /** Every step's batch, epoch after epoch. */
  readonly train: readonly Ready<B>[];
  readonly validation: Part<B>;
  readonly test: Part<B>;
  readonly print: DataPrint;
}

/** Which examples an epoch takes, in an order that seed and epoch alone decide; one may come more than once. */
export type Draw = (
  examples: readonly Example[],
  order: { readonly seed: number; readonly epoch: number },
) => readonly number[];

/** How examples X become encoded rows E, and rows a batch of tensors B. */
export interface Batching<X extends Example, E extends Encoded, B> {
  readonly encode: (examples: readonly X[]) => readonly E[];
  /** Labels of one row. */
  readonly labels: (row: E) => number;
  /** Every example once where left out. */
  readonly draw?: Draw;
  /** Chooses the tensors' shapes for all batches of a run, so that they are few. */
  readonly uploader: (shards: readonly Batch<E>[]) => (shard: Batch<E>) => B;
}

/** Shapes at most, of runs on some examples and on all. */
export const few = { quick: 3, full: 8 } as const;

/** The first `count`. */
export function take<T>(items: readonly T[], count: number | 'all'): readonly T[] {
  return count === 'all' ? items : items.slice(0, count);
}

/** What `of` makes of the batches of each planned length. */
export function byLength<E extends Encoded, X>(
  batches: readonly Batch<E>[],
  of: (alike: readonly Batch<E>[], length: number) => X,
): ReadonlyMap<number, X> {
  const lengths = [...new Set(batches.map(({ length }) => length))];
  return new Map(
    lengths.map((length) => [
      length,
      of(
        batches.filter((batch) => batch.length === length),
        length,
      ),
    ]),
  );
}
