/**
 * Lower case letters and digits, every other run of characters one space: equal for texts that differ in looks only.
 */
export function normalText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Number of words between spaces. */
export function wordCount(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** True where the number of words lies in [least, most]. */
export function hasWords(text: string, least: number, most: number): boolean {
  const words = wordCount(text);
  return words >= least && words <= most;
}

/** Romanian with the comma letters ș and ț of its own alphabet in place of the Turkish cedillas of old files. */
export function romanianLetters(text: string): string {
  return text.replace(/ş/g, 'ș').replace(/ţ/g, 'ț').replace(/Ş/g, 'Ș').replace(/Ţ/g, 'Ț');
}

/** The items whose normal text none before them has. */
export function distinctBy<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = normalText(textOf(item));
    if (key === '' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
