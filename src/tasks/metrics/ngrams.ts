/** How often each run of `n` items occurs; items are joined by `separator`, which they must not hold. */
export function ngramCounts(items: readonly string[], n: number, separator: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + n <= items.length; start++) {
    const key = items.slice(start, start + n).join(separator);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Size of the intersection of two multisets. */
export function overlapOf(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [key, count] of a) sum += Math.min(count, b.get(key) ?? 0);
  return sum;
}

/** Words between white space. */
export function splitWords(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
