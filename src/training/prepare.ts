import { hasKernels } from '../engine/native';
import { shardsOf } from '../engine/threads';
import { evaluationBatches, shardsIn, trainingBatches, type Batch, type Encoded } from '../tasks/batches';
import { dataPrint } from '../tasks/fingerprint';
import { planBatches } from '../tasks/plan';
import type { Example, TaskData } from '../tasks/task';
import { few, take, type Batching, type Part, type Ready, type RunData } from './data';
import type { TrainingJob } from './job';
import type { Weighted } from './learner';

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
