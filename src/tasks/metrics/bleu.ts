import { checkedTexts } from './texts';
import { ngramCounts, overlapOf, splitWords } from './ngrams';

const ORDERS = [1, 2, 3, 4] as const;

/**
 * Corpus BLEU in percent with one reference each, equal to sacrebleu's default (exponential smoothing). `13a` tokenizes
 * as mteval-v13a;
 * `none` takes texts as they are, for text that is tokenized already ("tokenized BLEU").
 */
export function bleu(
  hypotheses: readonly string[],
  references: readonly string[],
  tokenization: '13a' | 'none' = '13a',
): number {
  const count = checkedTexts(hypotheses, references);
  const tokens = tokenization === '13a' ? tokenize13a : splitWords;
  const correct = [0, 0, 0, 0];
  const total = [0, 0, 0, 0];
  let [length, referenceLength] = [0, 0];
  for (let item = 0; item < count; item++) {
    const words = tokens(hypotheses[item] ?? '');
    const expected = tokens(references[item] ?? '');
    length += words.length;
    referenceLength += expected.length;
    ORDERS.forEach((order, at) => {
      correct[at] = (correct[at] ?? 0) + overlapOf(ngramCounts(words, order, '\n'), ngramCounts(expected, order, '\n'));
      total[at] = (total[at] ?? 0) + Math.max(0, words.length - order + 1);
    });
  }
  return length === 0 ? 0 : brevity(length, referenceLength) * geometricMean(correct, total);
}

function brevity(length: number, referenceLength: number): number {
  return length < referenceLength ? Math.exp(1 - referenceLength / length) : 1;
}

/**
 * Mean of the precisions in percent; the k-th order without a match counts as 1 / (2^k total). No match at all, or no
 * n-gram of an order, gives 0.
 */
function geometricMean(correct: readonly number[], total: readonly number[]): number {
  if (correct.every((matches) => matches === 0)) return 0;
  let halved = 1;
  const logs = ORDERS.map((_, at) => {
    const [matches, all] = [correct[at] ?? 0, total[at] ?? 0];
    if (all === 0) return -9999999999;
    if (matches === 0) halved *= 2;
    return Math.log((100 * (matches === 0 ? 1 / halved : matches)) / all);
  });
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / ORDERS.length);
}

/** The tokenization of mteval-v13a: punctuation apart, but points and commas inside numbers. */
export function tokenize13a(text: string): readonly string[] {
  const plain = text
    .trimEnd()
    .replace(/<skipped>/g, '')
    .replace(/-\n/g, '')
    .replace(/\n/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>');
  return splitWords(
    ` ${plain} `
      .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
      .replace(/([^0-9])([.,])/g, '$1 $2 ')
      .replace(/([.,])([^0-9])/g, ' $1 $2')
      .replace(/([0-9])(-)/g, '$1 $2 '),
  );
}
