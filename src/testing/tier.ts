/** Whether tests try the whole of long lists of alike cases, as `.ci/run` has them do, or a third: set PETL_TESTS=all. */
export const triesAll: boolean = process.env.PETL_TESTS === 'all';

/** Every third, the first among them. */
export function sampled<T>(cases: readonly T[]): readonly T[] {
  return triesAll ? cases : cases.filter((_, i) => i % 3 === 0);
}
