import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokenizer as Engine } from '@huggingface/tokenizers';
import { UserError } from '../errors';
import { engineOf, tokenIn } from './tokenization/engine';
import { recordIn } from './checkpoint/regular';

/** One text, or two for models that read pairs. */
export interface TextInput {
  readonly text: string;
  readonly pair: string | null;
}

export interface Encoded {
  /** Token ids with special tokens, not padded. */
  readonly ids: Int32Array;
  /** Segment of each token: 0 for the first text, 1 for the second. */
  readonly typeIds: Int32Array;
}

export interface Tokenizer {
  /** Number of token ids. */
  readonly size: number;
  readonly padId: number;
  /** At most `maxLength` tokens, special ones included; too long a pair loses tokens of the longer text first. */
  encode(input: TextInput, maxLength: number): Encoded;
  /** Text of `ids`, special tokens left out. */
  decode(ids: ArrayLike<number>): string;
  idOf(token: string): number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The tokenizer of a model folder, from `tokenizer.json` and, where there is one, `tokenizer_config.json` (Hugging
 * Face's files).
 */
export function loadTokenizer(folder: string): Tokenizer {
  const path = join(folder, 'tokenizer.json');
  if (!existsSync(path))
    throw new UserError(`no tokenizer.json in "${folder}": give a model folder with Hugging Face's files`);
  const configPath = join(folder, 'tokenizer_config.json');
  return tokenizerFrom(recordIn(path), existsSync(configPath) ? recordIn(configPath) : {});
}

/** The same from parsed files, for checkpoints that carry their vocabulary elsewhere. */
export function tokenizerFrom(json: Json, config: Json): Tokenizer {
  const engine = engineOf(json, config);
  return {
    size: largestOf(engine.get_vocab().values()) + 1,
    padId: engine.token_to_id(tokenIn(config, 'pad_token') ?? '[PAD]') ?? 0,
    encode: (input, maxLength) => encode(engine, input, maxLength),
    decode: (ids) => (ids.length === 0 ? '' : engine.decode(Array.from(ids), { skip_special_tokens: true })),
    idOf: (token) => engine.token_to_id(token),
  };
}

function largestOf(ids: Iterable<number>): number {
  let largest = 0;
  for (const id of ids) largest = Math.max(largest, id);
  return largest;
}

function encode(engine: Engine, { text, pair }: TextInput, maxLength: number): Encoded {
  const first = engine.tokenize(text);
  const second = pair === null ? null : engine.tokenize(pair);
  const room = maxLength - assemble(engine, [], second && []).tokens.length;
  if (room < 0)
    throw new UserError(`maximum length ${maxLength} has no room for the special tokens: choose a larger one`);
  const [keepFirst, keepSecond] = keep(first.length, second?.length ?? 0, room);
  const { tokens, typeIds } = assemble(engine, first.slice(0, keepFirst), second && second.slice(0, keepSecond));
  const unknown = engine.model?.unk_token_id;
  const ids = tokens.map((token) => engine.token_to_id(token) ?? unknown ?? 0);
  return { ids: Int32Array.from(ids), typeIds: Int32Array.from(typeIds) };
}

interface Assembled {
  readonly tokens: readonly string[];
  readonly typeIds: readonly number[];
}

/** Adds the special tokens by the model's own template. */
function assemble(engine: Engine, first: string[], second: string[] | null): Assembled {
  if (!engine.post_processor) return segments(first, second);
  const { tokens, token_type_ids } = engine.post_processor.post_process(first, second, true);
  return { tokens, typeIds: token_type_ids ?? tokens.map(() => 0) };
}

function segments(first: readonly string[], second: readonly string[] | null): Assembled {
  return { tokens: [...first, ...(second ?? [])], typeIds: [...first.map(() => 0), ...(second ?? []).map(() => 1)] };
}

/**
 * How many tokens of each text stay when both must fit `room`: Hugging Face's `longest_first` (tokenizers,
 * utils/truncation.rs).
 */
function keep(first: number, second: number, room: number): readonly [number, number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  let long = shorter > room ? shorter : Math.max(shorter, room - shorter);
  let short = shorter;
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return first > second ? [long, short] : [short, long];
}
