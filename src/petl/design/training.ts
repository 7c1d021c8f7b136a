import type { Lifecycle, Unfrozen } from './types';
import { amount, size, type Kinds } from './words';

/** The fields of what a method unfreezes, and of what training does to it on the way. */
export const unfrozenKinds: Kinds<Unfrozen> = {
  all: { word: 'full', fields: {} },
  biases: { word: 'bitfit', fields: {} },
  layerNorms: { word: 'layernorm', fields: {} },
  topLayers: { word: 'top', fields: { k: size('k') } },
  tokenRows: { word: 'tokens', fields: { count: size('rows') } },
};

export const lifecycleKinds: Kinds<Lifecycle> = {
  fixed: { word: 'fixed', fields: {} },
  rankBudget: { word: 'budget', fields: { target: size('target'), penalty: amount('penalty', 0.5, 1) } },
  layerDrop: { word: 'drop', fields: { first: size('first') } },
};
