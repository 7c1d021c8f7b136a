import type { Tokenizer } from '../model/tokenizer';
import type { Encoded } from './batches';
import type { ClassificationExample, GenerationExample, Languages } from './task';

/** A text, or a pair of texts, as a classifier reads it. */
export interface EncodedText extends Encoded {
  readonly typeIds: Int32Array;
  readonly label: number;
}

/** A source and its target; `ids` are the source's. */
export interface EncodedPair extends Encoded {
  /** What the decoder reads first. */
  readonly start: number;
  /** What is to be predicted, the tokenizer's own first and end tokens included. */
  readonly target: Int32Array;
}

/** Token ids of every example, at most `maxLength` each. */
export function encodeTexts(
  tokenizer: Tokenizer,
  examples: readonly ClassificationExample[],
  maxLength: number,
): readonly EncodedText[] {
  return examples.map((example, index) => ({ index, label: example.label, ...tokenizer.encode(example, maxLength) }));
}

export interface PairOptions {
  /** Most tokens of a source and of a target. */
  readonly source: number;
  readonly target: number;
  /** The model's first decoder token, and those that end a text. */
  readonly start: number;
  readonly end: readonly number[];
  readonly languages: Languages | null;
}

/**
 * Token ids of sources and targets. Where the tokenizer has tokens for the task's languages (mBART), they stand last in
 * either text. A
 * language that ends a target is what its decoder starts with; it is not predicted, being no part of the text.
 */
export function encodePairs(
  tokenizer: Tokenizer,
  examples: readonly GenerationExample[],
  options: PairOptions,
): readonly EncodedPair[] {
  const { source, target, languages } = options;
  const codes =
    languages === null ? undefined : ([tokenizer.idOf(languages.source), tokenizer.idOf(languages.target)] as const);
  const encode = (text: string, most: number, code: number | undefined): Int32Array => {
    const { ids } = tokenizer.encode({ text, pair: null }, most);
    if (code !== undefined) ids[ids.length - 1] = code;
    return ids;
  };
  return examples.map((example, index) => ({
    index,
    ids: encode(example.text, source, codes?.[0]),
    ...begun(encode(example.target, target, codes?.[1]), codes?.[1] ?? options.start, options.end),
  }));
}

function begun(target: Int32Array, start: number, end: readonly number[]): Pick<EncodedPair, 'start' | 'target'> {
  const last = target.length - 1;
  return { start, target: target[last] === start && !end.includes(start) ? target.subarray(0, last) : target };
}
