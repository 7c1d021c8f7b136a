import type { Tokenizer } from '../model/tokenizer';
import { plainIds } from './plain-ids';
import { partsOf, sourceAndTarget, type Segments } from './segments';
import type { Task } from './task';
import { questionRoom } from './windows';

/** How a model reads the texts of a task. */
export interface ReadingRoom {
  readonly tokenizer: Tokenizer;
  /** Most tokens of a text, and of a target. */
  readonly maxLength: number;
  readonly target: number | null;
  /** Whether a source and its target are read as one text, a separator between them. */
  readonly oneText: boolean;
}

/** Texts that are longer than what is read of them. */
export interface Cut {
  readonly what: 'text' | 'question' | 'target';
  readonly count: number;
  readonly of: number;
  /** Tokens that are read, and those of the longest. */
  readonly most: number;
  readonly longest: number;
}

interface Read {
  readonly text: string;
  readonly pair?: string | null;
  readonly target?: string;
}

/** More tokens than any text has. */
const unlimited = 1 << 20;

/** Texts, questions and targets of a task that are read to their first tokens only; none where all are read whole. */
export function cutsOf(task: Task, examples: readonly Read[], room: ReadingRoom): readonly Cut[] {
  const length = (text: string, pair: string | null = null): number =>
    room.tokenizer.encode({ text, pair }, unlimited).ids.length;
  const around = length('');
  const over = (what: Cut['what'], most: number, lengths: readonly number[]): readonly Cut[] => {
    const count = lengths.filter((one) => one > most).length;
    const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
    return count === 0 ? [] : [{ what, count, of: lengths.length, most, longest }];
  };
  // A text of answers is read in windows, to its end.
  if (task.kind === 'span')
    return over(
      'question',
      questionRoom(room.maxLength),
      examples.map(({ text }) => length(text) - around),
    );
  const { segments = null } = task as Task & { readonly segments?: Segments | null };
  const separator = Math.max(1, length('\n') - around);
  const source = (text: string): number => {
    if (!room.oneText) return length(text);
    const parts = partsOf(segments ?? sourceAndTarget, { text });
    const { front } = plainIds(room.tokenizer);
    const begin = front.length + (segments === null ? 0 : 1);
    return parts.reduce((sum, part) => sum + length(part.text) - around + separator, begin);
  };
  const texts = examples.map(({ text, pair }) => (task.writes === null ? length(text, pair) : source(text)));
  const targets = room.target === null ? [] : examples.flatMap(({ target }) => target ?? []);
  return [
    ...over('text', Math.min(room.maxLength, segments?.most ?? Infinity), texts),
    ...over(
      'target',
      room.target ?? Infinity,
      targets.map((text) => (room.oneText ? length(text) - around + 1 : length(text))),
    ),
  ];
}

/** `3 of 40 texts have more than 64 tokens (the longest 212) and are cut there`. */
export function cutWords({ what, count, of, most, longest }: Cut): string {
  const [have, are] = count === 1 ? ['has', 'is'] : ['have', 'are'];
  return `${count} of ${of} ${what}${of === 1 ? '' : 's'} ${have} more than ${most} tokens (the longest ${longest}) and ${are} cut there`;
}
