/** `; did you mean "x" or "y"?` when names lie within two edits or share a beginning, else an empty text. */
export function nearest(wrong: string, names: readonly string[]): string {
  const scored = names.map((name) => ({ name, distance: edits(wrong.toLowerCase(), name.toLowerCase()) }));
  const close = scored.filter(
    ({ name, distance }) =>
      (distance <= 2 && distance < Math.max(wrong.length, name.length)) || startsAlike(wrong, name),
  );
  const best = close
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => `"${name}"`);
  return best.length > 0 ? `; did you mean ${best.join(' or ')}?` : '';
}

function startsAlike(a: string, b: string): boolean {
  return a.length >= 3 && (b.startsWith(a) || a.startsWith(b));
}

/** Levenshtein distance. */
function edits(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(swap, (previous[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    previous = row;
  }
  return previous[b.length] as number;
}
