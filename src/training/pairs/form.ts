import { uploadTargets, nextTokens, type LanguageBatch, type TargetSequence } from '../../model/language';
import type { PackedArrays } from '../../model/packing';
import type { Batch, Encoded } from '../../tasks/batches';
import type { GenerationExample } from '../../tasks/generation';
import type { Segments } from '../../tasks/segments';
import type { TextSegments } from '../../model/generation/generate';
import type { TaskData } from '../../tasks/task';
import type { Draw, RunData } from '../data';
import type { TrainingJob } from '../job';

/** How a model reads a source and learns its target: as two texts in two stacks, or as one text in one. */
export interface PairForm {
  readonly prepare: (data: TaskData<GenerationExample>, job: TrainingJob, draw?: Draw) => RunData<LanguageBatch>;
  /** What is read before the targets are written. */
  readonly sources: (examples: readonly GenerationExample[]) => Sources;
}

export interface Sources {
  readonly ids: readonly ArrayLike<number>[];
  /** What a decoder beside an encoder starts with; null where the source itself goes on. */
  readonly start: number | null;
  /** Of what is read and written, where a model goes on from its source. */
  readonly segments?: TextSegments;
  /** What each prompt is written from, where prompts are. */
  readonly reads?: readonly ArrayLike<number>[];
}

/** Most tokens of a source and of a target, and the model's tokens that end a text. */
export interface PairLimits {
  readonly source: number;
  readonly target: number;
  readonly end: readonly number[];
  readonly segments: Segments | null;
  /** A target that does not fit is refused, not cut. */
  readonly wholeTargets: boolean;
  /** Most tokens that the model takes of each. */
  readonly room: { readonly source: number; readonly target: number };
}

/** Places and labels of the sequences' targets; those of fillers have weight 0 and stand after those that count. */
export function targetsOf(
  sequences: readonly TargetSequence[],
  count: number,
  packed: PackedArrays,
  size: number,
): Pick<LanguageBatch, 'rows' | 'labels' | 'weights'> {
  const labels = nextTokens(sequences, packed, size);
  const real = sequences.slice(0, count).reduce((sum, { ids, from }) => sum + ids.length - from, 0);
  labels.weights.fill(0, real);
  return uploadTargets(labels);
}

/** Tokens of each row of a batch by some measure. */
export function tokensOf<E extends Encoded>(measure: (row: E) => number): (batch: Batch<E>) => readonly number[] {
  return ({ rows }) => rows.map(measure);
}
