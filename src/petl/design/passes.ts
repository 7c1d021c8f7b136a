import type { Passes } from './types';
import { choice, size, type Kinds } from './words';

/** The fields of a second pass, in the order of its words. */
export const passesKinds: Kinds<Passes> = {
  once: { word: 'once', fields: {} },
  twice: { word: 'twice', fields: { r: size('r'), words: choice('words', ['replaced', 'kept']) } },
};
