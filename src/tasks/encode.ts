import { UserError } from '../errors';
import type { Tokenizer } from '../model/tokenizer';
import type { Encoded } from './batches';
import type { ClassificationExample } from './classification';
import type { GenerationExample, Languages } from './generation';

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

/** A source and its target as one text. */
export interface EncodedLine extends Encoded {
  /** What is read: all of the text but its last token. */
  readonly ids: Int32Array;
  readonly whole: Int32Array;
  /** Where the target begins; its end token is its last. */
  readonly from: number;
}

export interface LineOptions {
  /** Most tokens of a source, the separator included, and of a target, its end included. */
  readonly source: number;
  readonly target: number;
  /** The model's tokens that end a text; the first of them is learned. */
  readonly end: readonly number[];
}

/**
 * Source, a line break and target in one text: `[begin] source \n target end`. A tokenizer that drops line breaks has
 * the end token between them.
 */
export function encodeLines(
  tokenizer: Tokenizer,
  examples: readonly GenerationExample[],
  options: LineOptions,
): readonly EncodedLine[] {
  const [end] = options.end;
  if (end === undefined)
    throw new UserError('the model names no eos_token_id, which a target must end with: add it to its config.json');
  const plain = plainIds(tokenizer, options.end);
  const begin = plain.around;
  const found = plain.of('\n');
  const separator = found.length === 0 ? [end] : found;
  const room = options.source - begin.length - separator.length;
  if (room < 1) throw new UserError(`maxLength ${options.source} has no room for a source: choose a larger one`);
  return examples.map((example, index) => {
    const source = [...begin, ...plain.of(example.text).slice(0, room), ...separator];
    const target = plain.of(example.target).slice(0, options.target - 1);
    const whole = Int32Array.from([...source, ...target, end]);
    return { index, ids: whole.subarray(0, -1), whole, from: source.length };
  });
}

/** Token ids without those that the tokenizer puts around every text, and the ones that it puts in front. */
function plainIds(
  tokenizer: Tokenizer,
  end: readonly number[],
): { readonly around: readonly number[]; readonly of: (text: string) => readonly number[] } {
  const encode = (text: string): number[] => Array.from(tokenizer.encode({ text, pair: null }, 1 << 20).ids);
  const empty = encode('');
  const around = empty.filter((id) => !end.includes(id));
  const behind = empty.length - around.length;
  return { around, of: (text) => encode(text).slice(around.length, behind === 0 ? undefined : -behind) };
}
