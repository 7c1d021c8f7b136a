import type { TokenRules } from './generation/rules';

/** Token ids with a meaning of their own; null where the model has none. */
export interface SpecialIds {
  /** Any of these ends a text. */
  readonly end: readonly number[];
  readonly pad: number;
  /** What an encoder-decoder's target starts with. */
  readonly start: number | null;
  /** What the first generated token must be (mBART's language). */
  readonly forcedFirst: number | null;
  /** What the last token must be where a text reaches its full length (BART's end). */
  readonly forcedLast: number | null;
  /** What the model's generation_config.json asks besides. */
  readonly rules?: TokenRules;
}
