import type { Weighted } from './learner';
import { hasKernels } from '../engine/native';
import { shardsOf } from '../engine/threads';
import { evaluationBatches, shardsIn, trainingBatches, type Batch, type Encoded } from '../tasks/batches';
import { dataPrint, type DataPrint } from '../tasks/fingerprint';
import { planBatches } from '../tasks/plan';
import type { Example, TaskData } from '../tasks/task';
import type { TrainingJob } from './job';

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

/** Encodes and batches a task for one run. Training and evaluation share their shapes, one for each planned length. */
export function prepare<X extends Example, E extends Encoded, B extends Weighted>(
  data: TaskData<X>,
  { training, seed }: TrainingJob,
  how: Batching<X, E, B>,
): RunData<B> {
  const chosen = {
    train: take(data.train, training.examples),
    validation: take(data.validation, training.scored.validation),
    test: take(data.test, training.scored.test),
  };
  const parts = {
    train: how.encode(chosen.train),
    validation: how.encode(chosen.validation),
    test: how.encode(chosen.test),
  };
  const lengths = [...parts.train, ...parts.validation, ...parts.test].map(({ ids }) => ids.length);
  const plan = planBatches(lengths, {
    size: training.batch,
    maxShapes: training.examples === 'all' ? few.full : few.quick,
  });
  const train = Array.from({ length: training.epochs }, (_, epoch) =>
    trainingBatches(drawn(parts.train, how.draw?.(chosen.train, { seed, epoch })), plan, { seed, epoch }),
  ).flat();
  const [validation, test] = [evaluationBatches(parts.validation, plan), evaluationBatches(parts.test, plan)];
  const ready = readyFor([...train, ...validation, ...test], how);
  const part = (batches: readonly Batch<E>[], examples: readonly X[]): Part<B> => ({
    batches: batches.map(ready),
    ids: examples.map(({ id }) => id),
  });
  return {
    train: train.map(ready),
    validation: part(validation, chosen.validation),
    test: part(test, chosen.test),
    print: dataPrint(chosen),
  };
}

/** Puts any of these batches to rest. */
export function readyFor<E extends Encoded, B>(
  batches: readonly Batch<E>[],
  { uploader, labels }: Pick<Batching<never, E, B>, 'uploader' | 'labels'>,
): (batch: Batch<E>) => Ready<B> {
  const cut = (batch: Batch<E>): readonly Batch<E>[] =>
    hasKernels() ? shardsIn(batch, shardsOf(batch.rows.length)) : [batch]; // TensorFlow's dropout cannot draw what the whole would
  const upload = uploader(batches.flatMap(cut));
  return (batch) =>
    cut(batch).map((shard) => ({
      rows: shard.rows
        .slice(0, shard.count)
        .map((encoded, row) => ({
          index: encoded.index,
          labels: labels(encoded),
          encoded,
          row: shard.of?.order[row] ?? row,
        })),
      upload: () => upload(shard),
    }));
}

/** The rows at these places, each time as one of its own: batches tell rows apart. */
function drawn<E extends Encoded>(rows: readonly E[], places: readonly number[] | undefined): readonly E[] {
  return places === undefined ? rows : places.map((place) => ({ ...(rows[place] as E) }));
}

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
