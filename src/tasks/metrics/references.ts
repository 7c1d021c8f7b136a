import { UserError } from '../../errors';
import { ngramCounts, overlapOf, splitWords } from './ngrams';

/*
 * Metrics of texts that may have several references each. Texts are taken as they are, words between spaces:
 * tokenise them before. METEOR is not here: it asks for WordNet and a stemmer of its own beside a Java program, and no
 * finding rests on it.
 */

const separator = '\n';

/** Texts with the references of each, all as words. */
interface Corpus {
  readonly hypotheses: readonly (readonly string[])[];
  readonly references: readonly (readonly (readonly string[])[])[];
}

function corpusOf(hypotheses: readonly string[], references: readonly (readonly string[])[]): Corpus {
  if (references.length === 0 || references.some((own) => own.length === 0))
    throw new UserError('nothing to score: every text needs a reference');
  if (hypotheses.length !== references.length)
    throw new UserError(`${hypotheses.length} texts for ${references.length} references: score the same examples`);
  return { hypotheses: hypotheses.map(splitWords), references: references.map((own) => own.map(splitWords)) };
}

const sumOf = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

/**
 * Corpus BLEU in percent as Moses's multi-bleu.perl: case matters, nothing is tokenised or smoothed, an order without a
 * match makes it 0; the length of a text's references is that nearest to its own, of two the shorter.
 */
export function multiBleu(hypotheses: readonly string[], references: readonly (readonly string[])[]): number {
  const corpus = corpusOf(hypotheses, references);
  let [length, expected] = [0, 0];
  const matches = [0, 0, 0, 0];
  const totals = [0, 0, 0, 0];
  corpus.hypotheses.forEach((words, item) => {
    const own = corpus.references[item] ?? [];
    length += words.length;
    expected += nearestLength(words.length, own);
    for (let n = 1; n <= 4; n++) {
      const counts = ngramCounts(words, n, separator);
      matches[n - 1] = (matches[n - 1] ?? 0) + overlapOf(counts, mostOf(own, n));
      totals[n - 1] = (totals[n - 1] ?? 0) + Math.max(0, words.length - n + 1);
    }
  });
  if (matches.some((count) => count === 0)) return 0;
  const mean = sumOf(matches.map((count, at) => Math.log(count / (totals[at] ?? 1)))) / 4;
  return 100 * Math.exp(mean) * (length < expected ? Math.exp(1 - expected / length) : 1);
}

function nearestLength(length: number, references: Corpus['references'][number]): number {
  const far = (words: readonly string[]): number => Math.abs(words.length - length);
  const [best] = [...references].sort((a, b) => far(a) - far(b) || a.length - b.length);
  return best?.length ?? 0;
}

/** Of every n-gram the most that any reference has. */
function mostOf(references: Corpus['references'][number], n: number): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const words of references)
    for (const [key, count] of ngramCounts(words, n, separator)) most.set(key, Math.max(count, most.get(key) ?? 0));
  return most;
}

/** NIST (Doddington 2002, equations 2 and 3) of n-grams up to 5, as NLTK computes it. */
export function nist(hypotheses: readonly string[], references: readonly (readonly string[])[], n = 5): number {
  const corpus = corpusOf(hypotheses, references);
  const information = informationOf(corpus, n);
  let [score, read, written] = [0, 0, 0];
  for (let order = 1; order <= n; order++) {
    let [hits, total] = [0, 0];
    corpus.hypotheses.forEach((words, item) => {
      const counts = ngramCounts(words, order, separator);
      const found = (corpus.references[item] ?? []).map((reference) => {
        const own = ngramCounts(reference, order, separator);
        const shared = [...counts].map(([key, count]) => Math.min(count, own.get(key) ?? 0) * information(key));
        return { gain: sumOf(shared), length: reference.length };
      });
      const [best] = found.sort((a, b) => b.gain - a.gain || b.length - a.length);
      hits += best?.gain ?? 0;
      total += sumOf(counts.values());
      read += best?.length ?? 0;
      written += words.length;
    });
    score += total === 0 ? 0 : hits / total;
  }
  return score * lengthPenalty(written / read);
}

/** log2 of how often all but the last word occur over how often all do; of single words, over all words. */
function informationOf({ references }: Corpus, n: number): (key: string) => number {
  const counts = new Map<string, number>();
  for (const words of references.flat())
    for (let order = 1; order <= n; order++)
      for (const [key, count] of ngramCounts(words, order, separator)) counts.set(key, count + (counts.get(key) ?? 0));
  const words = sumOf(references.flat().map(({ length }) => length));
  return (key) => {
    const end = key.lastIndexOf(separator);
    const before = end < 0 ? words : (counts.get(key.slice(0, end)) ?? words);
    return Math.log2(before / (counts.get(key) ?? before));
  };
}

/** A half where a text has two thirds of its reference's words. */
function lengthPenalty(ratio: number): number {
  return ratio > 0 && ratio < 1
    ? Math.exp((Math.log(0.5) / Math.log(1.5) ** 2) * Math.log(ratio) ** 2)
    : Math.min(ratio, 1);
}

/** CIDEr (Vedantam et al. 2015), n-grams up to 4, clipped and with a Gaussian of the lengths, as coco-caption computes it. */
export function cider(hypotheses: readonly string[], references: readonly (readonly string[])[]): number {
  const corpus = corpusOf(hypotheses, references);
  const seen = new Map<string, number>();
  for (const own of corpus.references)
    for (const key of new Set(own.flatMap((words) => allCounts(words).flatMap((counts) => [...counts.keys()]))))
      seen.set(key, 1 + (seen.get(key) ?? 0));
  const documents = Math.log(corpus.references.length);
  const weigh = (words: readonly string[]): Weighed =>
    weighed(words, (key) => documents - Math.log(seen.get(key) ?? 1));
  const scores = corpus.hypotheses.map((words, item) => {
    const [ours, theirs] = [weigh(words), (corpus.references[item] ?? []).map(weigh)];
    return (10 * sumOf(theirs.map((one) => alike(ours, one)))) / theirs.length;
  });
  return sumOf(scores) / scores.length;
}

const orders = [1, 2, 3, 4] as const;
const allCounts = (words: readonly string[]): readonly ReadonlyMap<string, number>[] =>
  orders.map((n) => ngramCounts(words, n, separator));

/** tf-idf by order, their norms, and the number of pairs of words, which coco-caption takes for the length. */
interface Weighed {
  readonly vectors: readonly ReadonlyMap<string, number>[];
  readonly norms: readonly number[];
  readonly length: number;
}

function weighed(words: readonly string[], rarity: (key: string) => number): Weighed {
  const vectors = allCounts(words).map(
    (counts) => new Map([...counts].map(([key, count]) => [key, count * rarity(key)])),
  );
  const norms = vectors.map((vector) => Math.sqrt(sumOf([...vector.values()].map((value) => value ** 2))));
  return { vectors, norms, length: Math.max(0, words.length - 1) };
}

const sigma = 6;

function alike(ours: Weighed, theirs: Weighed): number {
  const near = Math.exp(-((ours.length - theirs.length) ** 2) / (2 * sigma ** 2));
  const values = ours.vectors.map((vector, n) => {
    const other = theirs.vectors[n];
    const shared = [...vector].map(([key, value]) => {
      const own = other?.get(key) ?? 0;
      return Math.min(value, own) * own;
    });
    const norm = (ours.norms[n] ?? 0) * (theirs.norms[n] ?? 0);
    return norm === 0 ? sumOf(shared) : sumOf(shared) / norm;
  });
  return (near * sumOf(values)) / values.length;
}
