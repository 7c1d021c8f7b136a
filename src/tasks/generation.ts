import { UserError } from '../errors';
import type { DataPrint } from './split';
import { generationData, type GenerationColumns, type Source } from './own/examples';
import { checkedSegments, type Segments } from './segments';
import type { GenerationExample, Task, TaskData } from './task';

export type { GenerationExample } from './task';

/** Scored by target negative log-likelihood per token first, by BLEU, chrF and ROUGE beside it. */
export interface GenerationTask extends Task<GenerationExample> {
  readonly kind: 'generation';
  readonly metric: 'nll' | 'exact-match' | 'answer-match';
  /** Of a translation; null where source and target are of one language. */
  readonly languages: Languages | null;
  /** Of sources that are read in segments; null where source and target are two plain texts. */
  readonly segments: Segments | null;
}

/** Languages as multilingual tokenizers call them: `en_XX`, `ro_RO`. */
export interface Languages {
  readonly source: string;
  readonly target: string;
}

interface Named {
  readonly name: string;
  readonly about?: string;
  readonly packages?: readonly string[];
  readonly print?: DataPrint | null;
  readonly languages?: Languages | null;
  readonly segments?: Segments | null;
  /** Tokens of the longest target that is kept whole; 64 where left out. */
  readonly targetTokens?: number;
  /**
   * `nll`, the usual one; `exact-match`: whether greedy search writes the target and ends; `answer-match`: whether the
   * first line that the run's search writes is the target in SQuAD's normal form, whatever comes after it.
   */
  readonly metric?: GenerationTask['metric'];
  readonly placesOf?: GenerationTask['placesOf'];
}

/** A task whose examples a function makes. */
export interface LoadedPairs extends Named {
  readonly load: () => Promise<TaskData<GenerationExample>>;
}

/** A task of own data: where they are, and the columns that hold the source and the target. */
export type OwnPairs = Named & Source & GenerationColumns;

/**
 * A task of writing a target for a source: of the function `load`, or of own data, `rows` or a `file` with named
 * columns. Own data are read and checked at once; a fault is a UserError with row and column.
 */
export function generationTask(fields: LoadedPairs | OwnPairs): GenerationTask {
  const {
    name,
    about = `${name}, from your own data`,
    packages = [],
    print = null,
    languages = null,
    targetTokens = 64,
    metric = 'nll',
    segments: given = null,
    placesOf,
  } = fields;
  if (!Number.isInteger(targetTokens) || targetTokens < 1)
    throw new UserError(`task "${name}" has targetTokens ${targetTokens}: give a whole number of at least 1`);
  const { load, own } = 'load' in fields ? { ...fields, own: null } : ownPairs(fields);
  const segments = given === null ? null : checkedSegments(name, given);
  const writes = { tokens: targetTokens, score: languages === null ? 'rouge2' : 'bleu' } as const;
  return {
    kind: 'generation',
    name,
    about,
    packages,
    metric,
    outputs: 0,
    writes,
    languages,
    segments,
    print,
    ...(placesOf && { placesOf }),
    own,
    load,
  };
}

function ownPairs(fields: OwnPairs): Pick<GenerationTask, 'load' | 'own'> {
  const { data, hash, leaked } = generationData(fields, fields);
  return { own: { hash, leaked, data }, load: () => Promise.resolve(data) };
}

/** The task with its targets; one of another kind is a UserError. */
export function writtenTask(task: Task): GenerationTask {
  if (task.writes !== null) return task as GenerationTask;
  throw new UserError(`task "${task.name}" writes no texts: name one that does, such as synopsis`);
}
