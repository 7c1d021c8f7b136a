import type { Family } from '../shape';
import { familyTables } from './families/index';
import { isHarmlessTensor } from './harmless';

/**
 * How a stored tensor becomes a weight: its canonical name, and whether it is stored `[out, in]` (PyTorch's Linear).
 */
export interface Target {
  readonly name: string;
  readonly transpose: boolean;
  /** Third of the columns, where query, key and value are stored as one tensor. */
  readonly third: 0 | 1 | 2 | null;
  /**
   * Heads of a query or key matrix whose rotary pairs are stored as neighbours (GGUF); here they are halves of a head.
   */
  readonly pairedHeads: number | null;
}

export function plainTarget(name: string, transpose: boolean): Target {
  return { name, transpose, third: null, pairedHeads: null };
}

const prefixes = /^(?:bert|roberta|distilbert|transformer|model)\./;

/** Short forms that stored names use in place of the words here. `wi` is the only up matrix, `wi_0` the gate of two. */
const words: Readonly<Record<string, string>> = {
  q: 'query',
  k: 'key',
  v: 'value',
  o: 'out',
  wi: 'up',
  wi_0: 'gate',
  wi_1: 'up',
  wo: 'down',
};

/** A stored name without the model's own prefix, or two of them. */
function bareName(stored: string): string {
  return stored.replace(prefixes, '').replace(prefixes, '');
}

/** Whether a stored tensor, which is no weight of the family, changes nothing that is computed here. */
export function isHarmless(family: Family, stored: string): boolean {
  return isHarmlessTensor(bareName(stored), familyTables[family].harmlessTensors);
}

/** The canonical weights that a stored tensor holds; none for what is no weight of the family. */
export function canonicalNames(family: Family, stored: string): readonly Target[] {
  const bare = bareName(stored);
  for (const [pattern, name] of familyTables[family].tensors) {
    if (!pattern.test(bare)) continue;
    const full = bare
      .replace(pattern, name)
      .replace(/\.(q|k|v|o|wi|wi_0|wi_1|wo)\./, (_, short: string) => `.${words[short] ?? short}.`);
    if (full.includes('{qkv}'))
      return ['query', 'key', 'value'].map((part, third) => ({
        ...plainTarget(full.replace('{qkv}', part), false),
        third: third as 0 | 1 | 2,
      }));
    return [full.endsWith('!') ? plainTarget(full.slice(0, -1), true) : plainTarget(full, false)];
  }
  return [];
}
