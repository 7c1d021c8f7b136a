/** A passage that was found, by its place in the collection. */
export interface Hit {
  readonly place: number;
  readonly score: number;
}

/** Unit vectors of passages, one after another. */
export interface Dense {
  /** `[passages, width]` */
  readonly vectors: Float32Array;
  readonly width: number;
}

/** The passages with the largest cosine to a unit vector, all of them looked at: largest first, of equal ones the first. */
export function nearest({ vectors, width }: Dense, query: ArrayLike<number>, count: number): readonly Hit[] {
  const passages = vectors.length / width;
  const scores = new Float32Array(passages);
  for (let place = 0, at = 0; place < passages; place++) {
    let sum = 0;
    for (let i = 0; i < width; i++, at++) sum += (vectors[at] as number) * (query[i] as number);
    scores[place] = sum;
  }
  return best(scores, count);
}

/** Places of the largest values, largest first. */
export function best(scores: ArrayLike<number>, count: number): readonly Hit[] {
  const kept: Hit[] = [];
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place] as number;
    if (kept.length === count && score <= (kept[count - 1]?.score ?? 0)) continue;
    let at = kept.length;
    while (at > 0 && (kept[at - 1] as Hit).score < score) at--;
    kept.splice(at, 0, { place, score });
    if (kept.length > count) kept.pop();
  }
  return kept;
}

/** Ranks count, not scores: the constant of Cormack et al. 2009. */
const OFFSET = 60;

/** Several rankings as one, by the sum of 1 / (60 + rank) (reciprocal rank fusion, Cormack et al. 2009). */
export function union(rankings: readonly (readonly Hit[])[], count: number): readonly Hit[] {
  const sums = new Map<number, number>();
  for (const hits of rankings)
    hits.forEach(({ place }, rank) => sums.set(place, (sums.get(place) ?? 0) + 1 / (OFFSET + rank + 1)));
  return [...sums]
    .map(([place, score]) => ({ place, score }))
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .slice(0, count);
}
