import { UserError } from '../errors';
import type { GenerationExample } from './task';

/**
 * How a source falls into segments, each with a task embedding of its own (Lin et al. 2020): `whole`: one segment.
 * `turns`: the first line is the first segment, further lines take turns up to the answer. `named`: a line stands in the
 * segment that it names, others in the first.
 */
export type SegmentReading = 'whole' | 'turns' | 'named';

/** The segments of a task's texts. */
export interface Segments {
  /** The last is the segment of what is written. */
  readonly names: readonly string[];
  readonly read: SegmentReading;
  /** Most tokens of a source, as the paper cuts it; a target is never cut. */
  readonly most: number;
}

/** A piece of a source in one segment, by its index. */
export interface Part {
  readonly text: string;
  readonly segment: number;
}

/** What every task without segments of its own has. */
export const sourceAndTarget: Segments = { names: ['source', 'target'], read: 'whole', most: Infinity };

/** The segment of what is written. */
export function answerSegment({ names }: Segments): number {
  return names.length - 1;
}

/** The parts of a source, first to last. */
export function partsOf({ names, read }: Segments, { text }: Pick<GenerationExample, 'text'>): readonly Part[] {
  switch (read) {
    case 'whole':
      return [{ text, segment: 0 }];
    case 'turns': {
      const lines = text.split('\n');
      return lines.map((line, i) => ({ text: line, segment: i === 0 ? 0 : 1 + ((lines.length - 1 - i) % 2) }));
    }
    case 'named':
      return text.split('\n').map((line) => ({ text: line, segment: Math.max(0, names.indexOf(line)) }));
  }
}

/** Segments that make sense. @throws UserError */
export function checkedSegments(task: string, segments: Segments): Segments {
  const { names, read } = segments;
  const least = read === 'turns' ? 3 : 2;
  if (names.length < least || new Set(names).size < names.length || (read === 'turns' && names.length > 3))
    throw new UserError(
      `task "${task}" has segments ${names.join(', ')}: read by ${read} it needs ${read === 'turns' ? 'three' : 'at least two'} different ones, the last for what is written`,
    );
  return segments;
}
