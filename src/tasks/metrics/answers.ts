import { ngramCounts, overlapOf, splitWords } from './ngrams';

/** The normal form of SQuAD and CoQA: lower case, no punctuation of ASCII, no articles. */
function wordsOf(text: string): readonly string[] {
  const plain = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, '');
  return splitWords(plain.replace(/(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu, ' '));
}

/** Overlap of words, from 0 to 1; 0 where they share none. */
function overlapF1(gold: readonly string[], own: readonly string[]): number {
  const same = overlapOf(ngramCounts(own, 1, '\n'), ngramCounts(gold, 1, '\n'));
  return same === 0 ? 0 : (2 * same) / (own.length + gold.length);
}

/** The same as CoQA counts it: of two answers without words 1. */
function f1Of(expected: string, answer: string): number {
  const [gold, own] = [wordsOf(expected), wordsOf(answer)];
  if (gold.length === 0 || own.length === 0) return Number(gold.length === own.length);
  return overlapF1(gold, own);
}

/**
 * F1 of an answer as CoQA's own script has it (Reddy et al. 2019, section 6.1): the best of the references; with several,
 * the mean over leaving each of them out, so that people can be scored alike.
 */
export function answerF1(answer: string, references: readonly string[]): number {
  const scores = references.map((reference) => f1Of(reference, answer));
  if (scores.length < 2) return scores[0] ?? 0;
  const best = scores.map((_, out) => Math.max(...scores.filter((__, i) => i !== out)));
  return best.reduce((a, b) => a + b, 0) / best.length;
}

/** Where an answer ends: a model as it is goes on after it, and one that learned from examples in front goes on with the next. */
export function firstLine(written: string): string {
  return written.trim().split('\n')[0]?.trim() ?? '';
}

/** `squadScores` of the first line that was written. */
export function lineScores(written: string, references: readonly string[]): ReturnType<typeof squadScores> {
  return squadScores(firstLine(written), references);
}

/**
 * Exact match and F1 of an answer as SQuAD's own script has them (Rajpurkar et al. 2016): the best of the references,
 * in the same normal form. Where no words are shared F1 is 0, also of two answers without words.
 */
export function squadScores(
  answer: string,
  references: readonly string[],
): { readonly exact: number; readonly f1: number } {
  const own = wordsOf(answer);
  const right = references.map(wordsOf);
  return {
    exact: Number(right.some((reference) => reference.join(' ') === own.join(' '))),
    f1: Math.max(0, ...right.map((reference) => overlapF1(reference, own))),
  };
}
