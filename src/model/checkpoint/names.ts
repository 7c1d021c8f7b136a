import type { Family } from '../shape';
import { familyTables } from './families/index';
import { isHarmlessTensor } from './harmless';

/**
 * How a stored tensor becomes a weight: its canonical name, and whether it is stored `[out, in]` (PyTorch's Linear).
 */
export interface Target {
  readonly name: string;
  readonly transpose: boolean;
  /** Which part of the columns, where several weights are stored as one tensor. */
  readonly piece: Piece | null;
  /**
   * Heads of a query or key matrix whose rotary pairs are stored as neighbours (GGUF); here they are halves of a head.
   */
  readonly pairedHeads: number | null;
  /** Added to the stored values: Gemma's norms are stored less 1. */
  readonly plus: number;
}

/** One of the weights that a tensor holds beside one another. */
export interface Piece {
  readonly names: readonly string[];
  readonly index: number;
  /** The columns of each head stand together: `[heads, pieces, headWidth]` (GPT-NeoX). */
  readonly byHead: boolean;
}

export function plainTarget(name: string, transpose: boolean): Target {
  return { name, transpose, piece: null, pairedHeads: null, plus: 0 };
}

const prefixes = /^(?:bert|roberta|distilbert|electra|albert|mpnet|transformer|gpt_neox|model)\./;

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
    return targetsOf(full);
  }
  return [];
}

/** A rule's right side as targets; see `Rule` for its marks. */
function targetsOf(full: string): readonly Target[] {
  const transpose = full.endsWith('!');
  const plus = full.endsWith('+') ? 1 : 0;
  const bare = full.replace(/[!+]$/, '');
  const [, list, mark] = /\{(.*?)\}(#?)/.exec(bare) ?? [];
  if (list === undefined) return [{ ...plainTarget(bare, transpose), plus }];
  const names = list.split(',').map((part) => bare.replace(/\{.*?\}#?/, part));
  return names.map((name, index) => ({
    ...plainTarget(name, transpose),
    piece: { names, index, byHead: mark === '#' },
  }));
}
