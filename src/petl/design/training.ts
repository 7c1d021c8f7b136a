import type { Lifecycle, Unfrozen } from './types';
import { amount, idsOf, needed, size, type Kinds, type Written } from './words';

const rising = (ids: readonly number[]): boolean => ids.every((id, i) => i === 0 || id > (ids[i - 1] as number));

const tokenIds: Written<readonly number[]> = {
  usual: undefined,
  others: [[5, 17]],
  read: (take) => idsOf('ids', take.text('ids', '')),
  print: (ids) => ({ ids: ids.join('.') }),
  complete: needed,
  wrong: (ids) =>
    Array.isArray(ids) && ids.length > 0 && ids.every((id) => Number.isSafeInteger(id) && id >= 0) && rising(ids)
      ? undefined
      : 'ids must be those of tokens in rising order, each once',
};

/** The fields of what a method unfreezes, and of what training does to it on the way. */
export const unfrozenKinds: Kinds<Unfrozen> = {
  all: { word: 'full', fields: {} },
  biases: { word: 'bitfit', fields: {} },
  layerNorms: { word: 'layernorm', fields: {} },
  topLayers: { word: 'top', fields: { k: size('k') } },
  tokenRows: { word: 'rows', fields: { count: size('rows') } },
  tokens: { word: 'tokens', fields: { ids: tokenIds } },
};

export const lifecycleKinds: Kinds<Lifecycle> = {
  fixed: { word: 'fixed', fields: {} },
  rankBudget: { word: 'budget', fields: { target: size('target'), penalty: amount('penalty', 0.5, 1) } },
  layerDrop: { word: 'drop', fields: { first: size('first') } },
};

/** Rows of a word table that train apart from the rest, by id. */
export function tokenRowIds(part: Unfrozen, vocabulary: number): readonly number[] {
  if (part.kind === 'tokens') return part.ids;
  if (part.kind !== 'tokenRows' || part.count > vocabulary) return part.kind === 'tokenRows' ? [vocabulary] : [];
  return Array.from({ length: part.count }, (_, i) => vocabulary - part.count + i);
}
