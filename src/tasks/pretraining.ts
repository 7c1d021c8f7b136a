import { hashOf, splitOf } from './split';
import { normalText } from './text';

export type Language = 'en' | 'ro' | 'de';

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

/**
 * One thing said in English and in German, each in one or more versions: for the auxiliary translation. Romanian has no
 * part in it.
 */
export interface Parallel {
  readonly kind: 'parallel';
  readonly source: string;
  readonly group: string;
  readonly english: readonly string[];
  readonly german: readonly string[];
}

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

export function textsOf(document: PretrainingDocument): readonly string[] {
  return document.kind === 'text' ? document.texts : [...document.english, ...document.german];
}

/** Sources in which a text that has come before is left out: boilerplate of packages and repeated labels. */
const DISTINCT: ReadonlySet<string> = new Set([
  'descriptions',
  'synopses',
  'strings-en',
  'strings-ro',
  'strings-de',
  'strings',
  'definitions',
  'acts',
]);

/**
 * Divides documents by group before anything else. A text is left out where it, or a sentence of it, equals (but for
 * case, space and
 * punctuation) a text or sentence of a validation or test group or one of `heldTexts`, the validation and test examples
 * of the
 * tasks; from what is trained on also where it equals one that is kept aside. A verse said in ten chapters is in ten
 * groups.
 */
export function selectCorpus(documents: readonly PretrainingDocument[], heldTexts: readonly string[]): Corpus {
  const blocked = new Set(heldTexts.flatMap(formsOf));
  for (const document of documents) if (partOf(document.group) === 'never') addForms(blocked, document);
  const kept = without(
    blocked,
    documents.filter(({ group }) => partOf(group) === 'kept'),
  );
  for (const document of kept) addForms(blocked, document);
  return {
    kept,
    train: without(
      blocked,
      documents.filter(({ group }) => partOf(group) === 'train'),
    ),
  };
}

function addForms(forms: Set<string>, document: PretrainingDocument): void {
  for (const text of textsOf(document)) for (const form of formsOf(text)) forms.add(form);
}

function without(
  blocked: ReadonlySet<string>,
  documents: readonly PretrainingDocument[],
): readonly PretrainingDocument[] {
  const seen = new Map<string, Set<string>>();
  return documents
    .flatMap((document): readonly PretrainingDocument[] => {
      const before = seen.get(document.source) ?? new Set<string>();
      seen.set(document.source, before);
      return reduced(
        document,
        (text) => isFree(blocked, text) && (!DISTINCT.has(document.source) || isNew(before, text)),
      );
    })
    .filter((document) => document.kind === 'parallel' || !blocked.has(normalText(document.texts.join(' '))));
}

function isFree(blocked: ReadonlySet<string>, text: string): boolean {
  const forms = formsOf(text);
  return forms.length > 0 && !forms.some((form) => blocked.has(form));
}

function isNew(before: Set<string>, text: string): boolean {
  return before.size < before.add(normalText(text)).size;
}

/** The document with the texts that pass; none where nothing is left, on both sides of a parallel one. */
function reduced(document: PretrainingDocument, passes: (text: string) => boolean): readonly PretrainingDocument[] {
  if (document.kind === 'text') {
    const texts = document.texts.filter(passes);
    return texts.length === 0 ? [] : [{ ...document, texts }];
  }
  const [english, german] = [document.english.filter(passes), document.german.filter(passes)];
  return english.length === 0 || german.length === 0 ? [] : [{ ...document, english, german }];
}
