import type { Question } from '../tasks/collections/collection';
import { withoutNear } from '../tasks/near';

/** Questions that are looked up for readers, by split. */
const CONTEXTS = { train: 642, validation: 64, test: 100 } as const;
/** Questions that the re-ranker learns from, and that its validation looks at. */
const RERANKER = { train: 1500, validation: 100 } as const;

/** Which questions of a collection serve what. */
export interface Chosen {
  readonly reranker: readonly Question[];
  readonly contexts: readonly Question[];
}

/**
 * The first questions of each split, those of the re-ranker and of readers apart, without training questions that are
 * near one that is scored.
 */
export function chosenQuestions(questions: readonly Question[]): Chosen {
  const of = (split: Question['split']): readonly Question[] =>
    questions.filter((question) => question.split === split);
  const [train, validation] = [of('train'), of('validation')];
  const test = of('test').slice(0, CONTEXTS.test);
  const ranking = withoutNear({
    train: train.slice(0, RERANKER.train),
    validation: validation.slice(0, RERANKER.validation),
    test,
  });
  const reading = withoutNear({
    train: train.slice(RERANKER.train, RERANKER.train + CONTEXTS.train),
    validation: validation.slice(RERANKER.validation, RERANKER.validation + CONTEXTS.validation),
    test,
  });
  return {
    reranker: [...ranking.train, ...ranking.validation],
    contexts: [...reading.train, ...reading.validation, ...reading.test],
  };
}
