import type { Tokenizer } from '../../model/tokenizer';
import { trainingBatches } from '../../tasks/batches';
import { planBatches } from '../../tasks/plan';
import type { Example, TaskData } from '../../tasks/task';
import { few, take } from '../../training/data';
import type { TrainingSettings } from '../../training/job';

/** How large the largest batches of a run are, prompts left out. */
export interface Extent {
  /** Tokens of what is read: of the whole text where source and target stand in one. */
  readonly read: number;
  /** Tokens of the targets; 0 where there are none. */
  readonly written: number;
  /** Sums over the rows of the squares of their tokens, and of read times written. */
  readonly readPairs: number;
  readonly writtenPairs: number;
  readonly crossPairs: number;
  readonly rows: number;
  /** Shapes that batches have. */
  readonly shapes: number;
}

/** Texts that are looked at, from the front to the end of each split. */
const looked = { train: 1024, test: 256 } as const;

interface Row {
  readonly index: number;
  readonly ids: Int32Array;
  readonly target: Int32Array;
}

/**
 * Batches are made as in training, of the lengths of some of the texts alone: what takes memory is how many tokens the
 * fullest has.
 * @param joined source and target stand in one text
 */
export function extentOf(data: TaskData, training: TrainingSettings, tokenizer: Tokenizer, joined: boolean): Extent {
  const { examples, scored, batch, target } = training;
  const tokens = (text: string, pair: string | null, most: number): number =>
    tokenizer.encode({ text, pair }, most).ids.length;
  const blank = new Int32Array(training.maxLength + (target?.maxLength ?? 0) + 8);
  const rowsOf = (some: readonly Example[]): readonly Row[] =>
    some.map(({ text, pair = null, target: answer = '' }, index) => {
      const written = target === null ? 0 : tokens(answer, null, target.maxLength);
      const read = tokens(text, target === null ? pair : null, training.maxLength);
      return { index, ids: blank.subarray(0, joined ? read + written : read), target: blank.subarray(0, written) };
    });
  const train = rowsOf(spread(take(data.train, examples), looked.train));
  const test = rowsOf(spread(take(data.test, scored.test), looked.test));
  const plan = planBatches(
    [...train, ...test].map(({ ids }) => ids.length),
    { size: batch, maxShapes: examples === 'all' ? few.full : few.quick },
  );
  const sizes = trainingBatches(train, plan, { seed: 1, epoch: 0 }).map(({ rows }) => sizeOf(rows));
  const most = (of: (size: (typeof sizes)[number]) => number): number => Math.max(...sizes.map(of));
  return {
    read: most(({ read }) => read),
    written: most(({ written }) => written),
    readPairs: most(({ readPairs }) => readPairs),
    writtenPairs: most(({ writtenPairs }) => writtenPairs),
    crossPairs: most(({ crossPairs }) => crossPairs),
    rows: batch,
    shapes: plan.lengths.length,
  };
}

function sizeOf(rows: readonly Row[]): Omit<Extent, 'rows' | 'shapes'> {
  const sum = (of: (read: number, written: number) => number): number =>
    rows.reduce((total, { ids, target }) => total + of(ids.length, target.length), 0);
  return {
    read: sum((read) => read),
    written: sum((_, written) => written),
    readPairs: sum((read) => read ** 2),
    writtenPairs: sum((_, written) => written ** 2),
    crossPairs: sum((read, written) => read * written),
  };
}

function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)] as T);
}
