import { UserError } from '../errors';
import type { Piece } from './pieces';
import { hashOf, splitOf, type DataPrint, type Split } from './split';

/** A text with what belongs to it; every kind of task says what its own examples hold beside. */
export interface Example {
  readonly id: string;
  readonly text: string;
  readonly pair?: string | null;
  readonly target?: string;
}

/** A text, or a pair of texts, and the index of its label in the task's `labels`. */
export interface ClassificationExample extends Example {
  readonly pair: string | null;
  readonly label: number;
}

/** A text, or a pair of texts, and a number told of it. */
export interface RegressionExample extends Example {
  readonly pair: string | null;
  readonly value: number;
}

/** A text, or a pair of texts, and the indices of its labels among the task's `labels`, ascending. */
export interface MultiLabelExample extends Example {
  readonly pair: string | null;
  readonly labels: readonly number[];
}

/** A question, and in `pair` the text that its answer is a part of. */
export interface SpanExample extends Example {
  readonly pair: string;
  /** The right ones; the first is learned. */
  readonly answers: readonly Answer[];
}

/** A part of a text, and where it begins there, in UTF-16 units. */
export interface Answer {
  readonly text: string;
  readonly start: number;
}

/** A source text and the text to produce from it. */
export interface GenerationExample extends Example {
  readonly target: string;
  /** What `text` is made of, where not its end is cut when it is too long. */
  readonly pieces?: readonly Piece[];
}

/** Examples by split, in an order that is the same on every machine; `test` never takes part in a choice. */
export type TaskData<E extends Example = Example> = Readonly<Record<Split, readonly E[]>>;

/**
 * What is learned, as a value: examples, and the names of the kind and the metric that say what is done with them. Made
 * by `classificationTask`, `regressionTask`, `multiLabelTask`, `spanTask`, `generationTask` and `mixture`.
 */
export interface Task<E extends Example = Example> {
  readonly name: string;
  /** How its examples are trained on, scored and predicted: the kind of this name in `src/training/kinds`. */
  readonly kind: string;
  /** One line: what it is and whose role in the papers it plays. */
  readonly about: string;
  /** Names of the pinned packages it is built from. */
  readonly packages: readonly string[];
  /** What the score is. */
  readonly metric: string;
  /** Outputs of a head of its own, 0 where the model's language-model head answers. */
  readonly outputs: number;
  /** Targets that are texts; null for tasks that write none. */
  readonly writes: Writes | null;
  /** Which examples the pinned packages give; null where a source may change (Debian's releases, a user's files). */
  readonly print: DataPrint | null;
  /**
   * Of a task that asks the same test questions more than once: where those of one arm stand among the first `scored`
   * test examples, in the order of the questions. None where an example is asked once.
   */
  readonly placesOf?: (arm: string, scored: number) => readonly number[];
  /** Whether every example of a task that an encoder reads is a pair of texts; left out where only they tell. */
  readonly pairs?: boolean;
  /** Of a task made from the user's own data. */
  readonly own: OwnPrint | null;
  readonly load: () => Promise<TaskData<E>>;
}

/** What must be known of own data beside a result. */
export interface OwnPrint {
  /** SHA-256 of everything that was read. */
  readonly hash: string;
  /** Test examples whose texts are also trained on. */
  readonly leaked: number;
  readonly data: TaskData;
}

/** What is written for a task whose targets are texts. */
export interface Writes {
  /** Tokens of the longest target that is kept whole, and written. */
  readonly tokens: number;
  /** The score of written texts that tables show beside the likelihood. */
  readonly score: 'bleu' | 'rouge2';
}

/**
 * Divides examples by `splitOf` of their group, each split in the order of its examples' hashed ids: files come sorted
 * by label or
 * source, and a run that takes the first examples must get all kinds. A split left empty is a UserError that names the
 * task.
 */
export function splitExamples<E extends Example>(
  task: string,
  examples: readonly E[],
  groupOf: (example: E) => string,
): TaskData<E> {
  const data = { train: [] as E[], validation: [] as E[], test: [] as E[] };
  const hashed = examples.map((example) => ({ example, hash: hashOf(`${task} ${example.id}`) }));
  for (const { example } of hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1)))
    data[splitOf(groupOf(example))].push(example);
  for (const [split, part] of Object.entries(data)) {
    if (part.length > 0) continue;
    throw new UserError(
      `task "${task}" has no ${split} examples (${examples.length} in all): give it a larger data set`,
    );
  }
  return data;
}

/** The first examples of each split. */
export function capped<E extends Example>(data: TaskData<E>, most: Readonly<Record<Split, number>>): TaskData<E> {
  const part = (split: Split): readonly E[] => data[split].slice(0, most[split]);
  return { train: part('train'), validation: part('validation'), test: part('test') };
}
