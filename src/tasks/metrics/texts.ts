import { UserError } from '../../errors';

/** Number of texts; lists that are empty or differ in length are a UserError. */
export function checkedTexts(hypotheses: readonly string[], references: readonly string[]): number {
  if (references.length === 0) throw new UserError('nothing to score: there are no reference texts');
  if (hypotheses.length === references.length) return references.length;
  throw new UserError(`${hypotheses.length} texts for ${references.length} references: score the same examples`);
}
