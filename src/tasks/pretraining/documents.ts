import { hashOf, splitOf } from '../split';
import { normalText } from '../text';

export type Language = 'en' | 'ro' | 'de' | 'it' | 'fr' | 'da';

/** The languages that stand beside English, with their key in a parallel document. Romanian is none of them. */
export const beside = { de: 'german', it: 'italian', fr: 'french', da: 'danish' } as const;
export type Foreign = keyof typeof beside;

/**
 * Running text in one language: verses of a chapter in one version, sentences of a description, turns of a
 * conversation.
 */
export interface Passage {
  readonly kind: 'text';
  /** Which part of which package, such as `descriptions` or `bible-web`. */
  readonly source: string;
  readonly language: Language;
  /** What `splitOf` is asked. */
  readonly group: string;
  readonly texts: readonly string[];
}

/** One thing said in English and in one other language, each in one or more versions: for the auxiliary translation. */
export type Parallel = {
  readonly kind: 'parallel';
  readonly source: string;
  readonly group: string;
  readonly english: readonly string[];
} & { readonly [Key in (typeof beside)[Foreign]]?: readonly string[] };

export type PretrainingDocument = Passage | Parallel;

/** What pretraining trains on, and what it is measured on: groups of the training split that are kept aside. */
export interface Corpus {
  readonly train: readonly PretrainingDocument[];
  readonly kept: readonly PretrainingDocument[];
}

/** Text of the training groups alone may be trained on; of these about one in a hundred is kept aside to measure. */
export function partOf(group: string): keyof Corpus | 'never' {
  if (splitOf(group) !== 'train') return 'never';
  return Number.parseInt(hashOf(`kept aside ${group}`).slice(0, 4), 16) < 655 ? 'kept' : 'train';
}

/**
 * Sentences of a text by their final mark and the next one's beginning; a rough rule, the same on both sides of every
 * comparison.
 */
export function sentences(text: string): readonly string[] {
  return text
    .split(/(?<=[.!?]["'”’)]*)\s+(?=["'„“‘(*-]*[\p{Lu}\p{N}])/u)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A text and its sentences in the form that comparisons use; what is punctuation alone has none. */
export function formsOf(text: string): readonly string[] {
  return [text, ...sentences(text)].map(normalText).filter((form) => form !== '');
}

/** The texts beside the English ones. */
export function foreignTexts(document: Parallel): readonly string[] {
  return Object.values(beside).flatMap((key) => document[key] ?? []);
}

export function textsOf(document: PretrainingDocument): readonly string[] {
  return document.kind === 'text' ? document.texts : [...document.english, ...foreignTexts(document)];
}
