/** Layers `first` to `last`, both among them, without their adapters; null: all of them have theirs. */
export type Span = readonly [first: number, last: number] | null;

/** The whole model first, then every span, those that begin lower before. */
export function spansOf(layers: number): readonly Span[] {
  const firsts = Array.from({ length: layers }, (_, first) => first);
  return [null, ...firsts.flatMap((first) => firsts.slice(first).map((last): Span => [first, last]))];
}
