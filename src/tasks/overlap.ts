import { normalText } from './text';

/** Word weights of a text, scaled to length 1. */
export type WordVector = ReadonlyMap<string, number>;

/** Distinct words of a text in lower case. */
export function wordsOf(text: string): readonly string[] {
  return [...new Set(normalText(text).split(' '))].filter((word) => word !== '');
}

/**
 * Turns texts into unit vectors over their distinct words, weighted ln(N / documents with the word); words unknown to
 * `corpus` weigh ln N.
 */
export function idfVectors(corpus: readonly string[]): (text: string) => WordVector {
  const documents = new Map<string, number>();
  for (const text of corpus) for (const word of wordsOf(text)) documents.set(word, (documents.get(word) ?? 0) + 1);
  return (text) => {
    const weights = wordsOf(text).map((word) => [word, Math.log(corpus.length / (documents.get(word) ?? 1))] as const);
    const length = Math.sqrt(weights.reduce((sum, [, weight]) => sum + weight ** 2, 0)) || 1;
    return new Map(weights.map(([word, weight]) => [word, weight / length]));
  };
}

/** Cosine of two unit vectors, from 0 (no common word) to 1. */
export function cosine(a: WordVector, b: WordVector): number {
  const [fewer, more] = a.size < b.size ? [a, b] : [b, a];
  let sum = 0;
  for (const [word, weight] of fewer) sum += weight * (more.get(word) ?? 0);
  return sum;
}

/** Finds vectors by cosine: word to the positions of the vectors that hold it, with its weight there. */
export interface WordIndex {
  readonly size: number;
  readonly places: ReadonlyMap<string, { readonly positions: readonly number[]; readonly weights: readonly number[] }>;
}

export function wordIndex(vectors: readonly WordVector[]): WordIndex {
  const places = new Map<string, { positions: number[]; weights: number[] }>();
  vectors.forEach((vector, position) => {
    for (const [word, weight] of vector) {
      const place = places.get(word) ?? { positions: [], weights: [] };
      place.positions.push(position);
      place.weights.push(weight);
      places.set(word, place);
    }
  });
  return { size: vectors.length, places };
}

/** Cosine of `vector` with every vector of the index, by position. */
export function cosines(vector: WordVector, { size, places }: WordIndex): Float64Array {
  const sums = new Float64Array(size);
  for (const [word, weight] of vector) {
    const place = places.get(word);
    if (!place) continue;
    const { positions, weights } = place;
    for (let item = 0; item < positions.length; item++) {
      const position = positions[item] as number;
      sums[position] = (sums[position] as number) + weight * (weights[item] as number);
    }
  }
  return sums;
}

/**
 * Positions of the `count` largest values above 0, the largest first: equal to sorting all, which would take most of
 * the time.
 */
export function largest(values: Float64Array, count: number): readonly number[] {
  const steps = new Int32Array(1001);
  for (const value of values) {
    const step = Math.floor(Math.min(1, value) * 1000);
    steps[step] = (steps[step] as number) + 1;
  }
  let step = 1000;
  for (let above = steps[step] ?? 0; step > 0 && above < count; above += steps[step] ?? 0) step--;
  const candidates: number[] = [];
  values.forEach((value, position) => {
    if (value > 0 && value * 1000 >= step) candidates.push(position);
  });
  return candidates.sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b).slice(0, count);
}
