import { ngramCounts, overlapOf } from './ngrams';
import { porterStem } from './porter';
import { checkedTexts } from './texts';

/** F-measures from 0 to 1, means over the examples. */
export interface Rouge {
  readonly rouge1: number;
  readonly rouge2: number;
  /** Longest common subsequence of the whole texts. */
  readonly rougeL: number;
  /** The same by sentences, which stand on lines of their own. */
  readonly rougeLsum: number;
}

/**
 * ROUGE (Lin 2004) with stemming, equal to Google's rouge_score; its words are runs of a-z and 0-9, so it is for
 * English only.
 */
export function rouge(hypotheses: readonly string[], references: readonly string[]): Rouge {
  const count = checkedTexts(hypotheses, references);
  const scores = references.map((reference, item) => rougeOf(hypotheses[item] ?? '', reference));
  const mean = (key: keyof Rouge): number => scores.reduce((sum, one) => sum + one[key], 0) / count;
  return { rouge1: mean('rouge1'), rouge2: mean('rouge2'), rougeL: mean('rougeL'), rougeLsum: mean('rougeLsum') };
}

function rougeOf(hypothesis: string, reference: string): Rouge {
  const [produced, expected] = [words(hypothesis), words(reference)];
  const ngrams = (n: number): number =>
    fMeasure(
      overlapOf(ngramCounts(produced, n, ' '), ngramCounts(expected, n, ' ')),
      produced.length - n + 1,
      expected.length - n + 1,
    );
  return {
    rouge1: ngrams(1),
    rouge2: ngrams(2),
    rougeL: fMeasure(commonPositions(expected, produced).length, produced.length, expected.length),
    rougeLsum: summaryScore(hypothesis.split('\n').map(words), reference.split('\n').map(words)),
  };
}

function words(text: string): readonly string[] {
  const plain = text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return plain.map((word) => (word.length > 3 ? porterStem(word) : word));
}

function fMeasure(hits: number, produced: number, expected: number): number {
  const [precision, recall] = [hits / Math.max(produced, 1), hits / Math.max(expected, 1)];
  return precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
}

/** Positions in `expected` of one longest common subsequence; of several the one that rouge_score reads out. */
function commonPositions(expected: readonly string[], produced: readonly string[]): readonly number[] {
  const table = Array.from({ length: expected.length + 1 }, () => new Int32Array(produced.length + 1));
  const at = (row: number, column: number): number => table[row]?.[column] ?? 0;
  for (let row = 1; row <= expected.length; row++) {
    for (let column = 1; column <= produced.length; column++) {
      const same = expected[row - 1] === produced[column - 1];
      (table[row] as Int32Array)[column] = same
        ? at(row - 1, column - 1) + 1
        : Math.max(at(row - 1, column), at(row, column - 1));
    }
  }
  const positions: number[] = [];
  for (let row = expected.length, column = produced.length; row > 0 && column > 0;) {
    if (expected[row - 1] === produced[column - 1]) {
      positions.unshift(row - 1);
      row--;
      column--;
    } else if (at(row, column - 1) > at(row - 1, column)) column--;
    else row--;
  }
  return positions;
}

/**
 * Each expected sentence against the union of its common subsequences with all produced ones; no word counts more often
 * than it occurs.
 */
function summaryScore(produced: readonly (readonly string[])[], expected: readonly (readonly string[])[]): number {
  const left = {
    produced: new Map(ngramCounts(produced.flat(), 1, ' ')),
    expected: new Map(ngramCounts(expected.flat(), 1, ' ')),
  };
  let hits = 0;
  for (const sentence of expected) {
    const union = new Set(produced.flatMap((other) => commonPositions(sentence, other)));
    for (const position of [...union].sort((a, b) => a - b)) {
      const word = sentence[position] ?? '';
      const [inProduced, inExpected] = [left.produced.get(word) ?? 0, left.expected.get(word) ?? 0];
      if (inProduced === 0 || inExpected === 0) continue;
      hits++;
      left.produced.set(word, inProduced - 1);
      left.expected.set(word, inExpected - 1);
    }
  }
  return fMeasure(hits, produced.flat().length, expected.flat().length);
}
