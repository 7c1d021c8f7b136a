import { normalText } from '../text';
import {
  beside,
  foreignTexts,
  formsOf,
  partOf,
  textsOf,
  type Corpus,
  type Parallel,
  type PretrainingDocument,
} from './documents';

/** Sources in which a text that has come before is left out: boilerplate of packages and repeated labels. */
const DISTINCT = /^(descriptions|synopses|paragraphs|titles|strings|definitions|acts)\b/;

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
        (text) => isFree(blocked, text) && (!DISTINCT.test(document.source) || isNew(before, text)),
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
  const english = document.english.filter(passes);
  const rest = Object.values(beside).flatMap((key) => (document[key] ? [[key, document[key].filter(passes)]] : []));
  const both: Parallel = { ...document, english, ...(Object.fromEntries(rest) as Partial<Parallel>) };
  return english.length === 0 || foreignTexts(both).length === 0 ? [] : [both];
}
