import { ngramCounts, overlapOf } from './ngrams';
import { checkedTexts } from './texts';

const ORDERS = [1, 2, 3, 4, 5, 6] as const;
/** Recall counts twice as much as precision. */
const BETA = 2;

/**
 * Corpus chrF2 in percent (Popović 2015): F-score of character n-grams without white space, equal to sacrebleu's
 * default.
 */
export function chrf(hypotheses: readonly string[], references: readonly string[]): number {
  const count = checkedTexts(hypotheses, references);
  const sums = ORDERS.map(() => ({ produced: 0, expected: 0, matched: 0 }));
  for (let item = 0; item < count; item++) {
    const [produced, expected] = [charactersOf(hypotheses[item] ?? ''), charactersOf(references[item] ?? '')];
    ORDERS.forEach((order, at) => {
      const sum = sums[at];
      const possible = Math.max(0, expected.length - order + 1);
      if (!sum || possible === 0) return;
      sum.produced += Math.max(0, produced.length - order + 1);
      sum.expected += possible;
      sum.matched += overlapOf(ngramCounts(produced, order, ''), ngramCounts(expected, order, ''));
    });
  }
  return score(sums.filter(({ produced, expected }) => produced > 0 && expected > 0));
}

function score(
  sums: readonly { readonly produced: number; readonly expected: number; readonly matched: number }[],
): number {
  const precision = sums.reduce((sum, { matched, produced }) => sum + matched / produced, 0) / sums.length;
  const recall = sums.reduce((sum, { matched, expected }) => sum + matched / expected, 0) / sums.length;
  if (!(precision + recall > 0)) return 0;
  return (100 * (1 + BETA ** 2) * precision * recall) / (BETA ** 2 * precision + recall);
}

/** Characters as Unicode code points, white space left out. */
function charactersOf(text: string): readonly string[] {
  return Array.from(text.replace(/\s+/g, ''));
}
