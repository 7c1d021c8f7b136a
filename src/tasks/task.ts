import { UserError } from '../errors';
import { hashOf, splitOf, type Split } from './split';

/** A text, or a pair of texts, and the index of its label in the task's `labels`. */
export interface ClassificationExample {
  readonly id: string;
  readonly text: string;
  readonly pair: string | null;
  readonly label: number;
}

/** A source text and the text to produce from it. */
export interface GenerationExample {
  readonly id: string;
  readonly text: string;
  readonly target: string;
}

export type Example = ClassificationExample | GenerationExample;

/** Examples by split, in an order that is the same on every machine; `test` never takes part in a choice. */
export type TaskData<E extends Example = Example> = Readonly<Record<Split, readonly E[]>>;

interface TaskBase<E extends Example> {
  readonly name: string;
  /** One line: what it is and whose role in the papers it plays. */
  readonly about: string;
  /** Names of the pinned packages it is built from. */
  readonly packages: readonly string[];
  readonly load: () => Promise<TaskData<E>>;
}

export interface ClassificationTask extends TaskBase<ClassificationExample> {
  readonly kind: 'classification';
  readonly labels: readonly string[];
  readonly metric: 'accuracy';
}

/** Scored by target negative log-likelihood per token first, by BLEU, chrF and ROUGE beside it. */
export interface GenerationTask extends TaskBase<GenerationExample> {
  readonly kind: 'generation';
  readonly metric: 'nll';
  /** Of a translation; null where source and target are of one language. */
  readonly languages: Languages | null;
  /** Tokens of the longest target that is kept whole, and written. */
  readonly targetTokens: number;
}

/** Languages as multilingual tokenizers call them: `en_XX`, `ro_RO`. */
export interface Languages {
  readonly source: string;
  readonly target: string;
}

export type Task = ClassificationTask | GenerationTask;

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
