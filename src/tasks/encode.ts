import { UserError } from '../errors';
import type { Tokenizer } from '../model/tokenizer';
import type { Encoded } from './batches';
import type { GenerationExample, Languages } from './generation';
import { fittedText } from './pieces';
import { plainIds, type PlainIds } from './plain-ids';
import { answerSegment, partsOf, sourceAndTarget, type Part, type Segments } from './segments';

/** A text, or a pair of texts, with what is to be told of it: the index of a label unless L says otherwise. */
export interface TextWith<L = number> {
  readonly text: string;
  readonly pair: string | null;
  readonly label: L;
}

/** The same as a model reads it. */
export interface EncodedText<L = number> extends Encoded {
  readonly typeIds: Int32Array;
  readonly label: L;
}

/** A source and its target; `ids` are the source's. */
export interface EncodedPair extends Encoded {
  /** The text of the source as far as it is read. */
  readonly shown: string;
  /** What the decoder reads first. */
  readonly start: number;
  /** What is to be predicted, the tokenizer's own first and end tokens included. */
  readonly target: Int32Array;
}

/** Token ids of every example, at most `maxLength` each. */
export function encodeTexts<L>(
  tokenizer: Tokenizer,
  examples: readonly TextWith<L>[],
  maxLength: number,
): readonly EncodedText<L>[] {
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
  /** Targets that do not fit are refused, not cut. */
  readonly wholeTargets: boolean;
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
  const { source, target, languages, wholeTargets } = options;
  const codes =
    languages === null ? undefined : ([tokenizer.idOf(languages.source), tokenizer.idOf(languages.target)] as const);
  const encode = (text: string, most: number, code: number | undefined): Int32Array => {
    const { ids } = tokenizer.encode({ text, pair: null }, most);
    if (code !== undefined) ids[ids.length - 1] = code;
    return ids;
  };
  const tokens = (text: string): number => tokenizer.encode({ text, pair: null }, unlimited).ids.length;
  return examples.map((example, index) => {
    const text = textIn(example, source, tokens);
    const ids = encode(text, source, codes?.[0]);
    if (wholeTargets) demandTarget(example, tokens(example.target), target);
    return {
      ...{ index, ids, shown: ids.length === source && tokens(text) > source ? tokenizer.decode(ids) : text },
      ...begun(encode(example.target, target, codes?.[1]), codes?.[1] ?? options.start, options.end),
    };
  });
}

/** More tokens than any text has. */
const unlimited = 1 << 20;

/** What is read of an example; where it is no text in pieces, its end may be cut yet. @throws UserError */
function textIn({ id, text, pieces }: GenerationExample, room: number, tokens: (text: string) => number): string {
  const fitted = pieces === undefined ? text : fittedText(pieces, room, tokens);
  if (fitted !== undefined) return fitted;
  throw new UserError(
    `the instruction of example ${id} leaves its text no room in ${room} tokens: set training.maxLength higher`,
  );
}

function demandTarget({ id }: GenerationExample, tokens: number, most: number): void {
  if (tokens > most)
    throw new UserError(
      `the target of example ${id} has ${tokens} tokens with its end and is not cut: set training.target.maxLength to at least that`,
    );
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
  /** Of each token of `whole`, the segment that it stands in. */
  readonly types: Int32Array;
  /** Where the target begins; its end token is its last. */
  readonly from: number;
  /** The text of the source as far as it is read. */
  readonly shown: string;
}

export interface LineOptions {
  /** Most tokens of a source, the separator included, and of a target, its end included. */
  readonly source: number;
  readonly target: number;
  /** The model's tokens that end a text; the first of them is learned. */
  readonly end: readonly number[];
  readonly segments: Segments | null;
  /** Targets that do not fit are refused, not cut. */
  readonly wholeTargets: boolean;
}

/**
 * Source, a line break and target in one text: `[begin] source \n target end`, or where the task has segments
 * `end part \n part \n target end`: the end token begins such texts, as it does in GPT-2's training. A tokenizer that
 * drops line breaks has the end token between them.
 */
export function encodeLines(
  tokenizer: Tokenizer,
  examples: readonly GenerationExample[],
  options: LineOptions,
): readonly EncodedLine[] {
  const [end] = options.end;
  if (end === undefined)
    throw new UserError('the model names no eos_token_id, which a target must end with: add it to its config.json');
  const plain = plainIds(tokenizer);
  const given = options.segments;
  const segments = given ?? sourceAndTarget;
  const begin = given === null ? plain.front : [end, ...plain.front.filter((id) => id !== end)];
  const found = plain.of('\n');
  const pieces: Pieces = { plain, begin, separator: found.length === 0 ? [end] : found };
  const most = Math.min(options.source, segments.most);
  const room = most - begin.length - pieces.separator.length;
  if (room < 1) throw new UserError(`maxLength ${options.source} has no room for a source: choose a larger one`);
  return examples.map((example, index) => {
    const text = textIn(example, room, (piece) => plain.of(piece).length);
    const source = sourceOf(partsOf(segments, { text }), most, pieces);
    const shown = source.cut ? tokenizer.decode(source.ids.slice(0, -pieces.separator.length)) : text;
    const all = plain.of(example.target);
    if (options.wholeTargets) demandTarget(example, all.length + 1, options.target);
    const target = [...all.slice(0, options.target - 1), end];
    const whole = Int32Array.from([...source.ids, ...target]);
    const types = Int32Array.from([...source.types, ...target.map(() => answerSegment(segments))]);
    return { index, ids: whole.subarray(0, -1), whole, types, from: source.ids.length, shown };
  });
}

interface Pieces {
  readonly plain: PlainIds;
  readonly begin: readonly number[];
  readonly separator: readonly number[];
}

/**
 * Parts with a separator behind each. Later ones stay whole, from the last on, and the first is cut to what they leave:
 * a story, not its question.
 */
function sourceOf(
  [first, ...later]: readonly Part[],
  most: number,
  { plain, begin, separator }: Pieces,
): { readonly ids: readonly number[]; readonly types: readonly number[]; readonly cut: boolean } {
  let left = most - begin.length - separator.length;
  let cut = false;
  const kept: (readonly number[])[] = [];
  for (const { text } of [...later].reverse()) {
    const ids = [...plain.of(text), ...separator];
    cut ||= ids.length > left;
    if (cut && kept.length > 0) break;
    kept.unshift(ids.slice(-Math.max(left, 1)));
    left = Math.max(0, left - ids.length);
  }
  const ids = plain.of(first?.text ?? '');
  cut ||= ids.length > left;
  const lead = [...begin, ...ids.slice(0, left), ...separator];
  const parts = [lead, ...kept];
  const names = [first, ...later.slice(later.length - kept.length)];
  return { ids: parts.flat(), types: parts.flatMap((part, i) => part.map(() => names[i]?.segment ?? 0)), cut };
}
