/** Two texts by position in one list: the first version of text `first` beside the second version of text `second`. */
export interface Pair {
  readonly first: number;
  readonly second: number;
  /** Cell of their word overlap, from 0. */
  readonly bin: number;
  /** Decides between equals. */
  readonly order: number;
}

/** Fewer rounds keep more pairs but let single texts tell more: after 3 a text alone scores at most 55%. */
const ROUNDS = 3;

/**
 * As many positives (a text with itself) as negatives in every overlap bin, and nearly every text as often in one class
 * as in the other.
 * Each round picks negatives among the texts still in play, each text once on each side, rare bins first; then it keeps
 * in every bin as
 * many positives as negatives, those first whose texts the negatives use. Exact balance of texts would leave a tenth of
 * the pairs.
 */
export function balancedPairs(positives: readonly Pair[], negatives: readonly Pair[], bins: number): readonly Pair[] {
  const same = byBin(positives, bins);
  const different = byBin(negatives, bins);
  let kept = same;
  let chosen: readonly (readonly Pair[])[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const counts = kept.map((pairs) => pairs.length);
    const inPlay = new Set(kept.flat().map((pair) => pair.first));
    const used = { first: new Set<number>(), second: new Set<number>() };
    chosen = different.map((pairs, bin) =>
      pick(
        pairs.filter(({ first, second }) => inPlay.has(first) && inPlay.has(second)),
        counts[bin] ?? 0,
        used,
      ),
    );
    const uses = ({ first }: Pair): number => Number(used.first.has(first)) + Number(used.second.has(first));
    kept = kept.map((pairs, bin) =>
      [...pairs].sort((a, b) => uses(b) - uses(a) || a.order - b.order).slice(0, chosen[bin]?.length),
    );
  }
  return [...kept.flat(), ...chosen.flat()];
}

/** Pairs by bin, the highest first, in their order. */
function byBin(pairs: readonly Pair[], bins: number): readonly (readonly Pair[])[] {
  const cells = Array.from({ length: bins }, () => [] as Pair[]);
  for (const pair of pairs) cells[bins - 1 - pair.bin]?.push(pair);
  return cells.map((cell) => cell.sort((a, b) => a.order - b.order));
}

function pick(
  pairs: readonly Pair[],
  count: number,
  used: { readonly first: Set<number>; readonly second: Set<number> },
): readonly Pair[] {
  const picked: Pair[] = [];
  for (const pair of pairs) {
    if (picked.length === count) break;
    if (used.first.has(pair.first) || used.second.has(pair.second)) continue;
    used.first.add(pair.first);
    used.second.add(pair.second);
    picked.push(pair);
  }
  return picked;
}
