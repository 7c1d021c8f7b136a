import type { Split } from '../split';

/** A piece of text that is found as a whole. */
export interface Passage {
  /** Unique in the collection. */
  readonly id: string;
  /** Where it stands: `Genesis 4:8`, an article. */
  readonly title: string;
  readonly text: string;
}

/** A question whose answer stands in a passage of the collection. */
export interface Question {
  readonly id: string;
  readonly text: string;
  /** Every one is right; the first is what a reader learns. */
  readonly answers: readonly string[];
  /** Id of the passage that it was made from. */
  readonly gold: string;
  readonly split: Split;
}

export interface CollectionTexts {
  readonly passages: readonly Passage[];
  readonly questions: readonly Question[];
}

/** Passages to look answers up in, and questions on them, as a value. */
export interface Collection {
  readonly name: string;
  /** One line: what the passages are and by which rule the questions are made. */
  readonly about: string;
  /** Names of the pinned packages it is built from. */
  readonly packages: readonly string[];
  /** A question as a reader is asked it. */
  readonly asked: (question: string) => string;
  readonly load: () => Promise<CollectionTexts>;
}
