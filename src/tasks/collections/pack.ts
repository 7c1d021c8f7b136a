/** What fits of a ranking into a reader's window. */
export interface Packed {
  /** Places of the passages that are read, best first. */
  readonly places: readonly number[];
  /** Tokens that they take. */
  readonly tokens: number;
}

/**
 * Passages in the order of their scores until the next one does not fit (Levine et al. 2022, section on frozen readers).
 * @param tokens of a passage as it is read, its separator included @param window tokens that there are for passages
 * @param most passages at most
 */
export function pack(
  ranked: readonly number[],
  tokens: (place: number) => number,
  { window, most = Infinity }: { readonly window: number; readonly most?: number },
): Packed {
  const places: number[] = [];
  let used = 0;
  for (const place of ranked) {
    const own = tokens(place);
    if (places.length === most || used + own > window) break;
    places.push(place);
    used += own;
  }
  return { places, tokens: used };
}
