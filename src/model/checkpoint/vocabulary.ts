import { entryOf } from '../../entry';
import { UserError } from '../../errors';
import type { Metadata } from './gguf';

/**
 * Digits apart, then byte-level words: how the pre-tokenizers that GGUF names split text (llama.cpp's llama-vocab.cpp).
 */
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const digits = { type: 'Digits', individual_digits: true };
const preTokenizers: Readonly<Record<string, object>> = {
  'gpt-2': byteLevel,
  smollm: { type: 'Sequence', pretokenizers: [digits, byteLevel] },
};

const CONTROL = 3;
const USER_DEFINED = 4;

/** The vocabulary of a GGUF file as the contents of tokenizer.json and tokenizer_config.json. Byte-level BPE alone. */
export function vocabularyOf(
  metadata: Metadata,
  path: string,
): { readonly json: Readonly<Record<string, unknown>>; readonly config: Readonly<Record<string, unknown>> } {
  const of = (key: string): unknown => metadata[`tokenizer.ggml.${key}`];
  const tokens = of('tokens');
  const merges = of('merges');
  // "default", and no name at all, are expressions of llama.cpp's own, which no tokenizer of these models has
  const kind = String(of('pre') ?? 'default');
  const preTokenizer = entryOf(preTokenizers, kind);
  if (of('model') !== 'gpt2' || !Array.isArray(tokens) || !Array.isArray(merges) || preTokenizer === undefined) {
    throw new UserError(
      `${path} holds a tokenizer "${String(of('model'))}", "${kind}", which is not read from GGUF: put the model's tokenizer.json beside the file`,
    );
  }
  const names = tokens as readonly string[];
  const named = (key: string): string | undefined => (of(key) === undefined ? undefined : names[Number(of(key))]);
  const flag = (key: string): boolean => flagOf(of(key) ?? false, key, path);
  if (flag('add_space_prefix'))
    throw new UserError(
      `${path} sets "tokenizer.ggml.add_space_prefix", which is not read: put the model's tokenizer.json beside the file`,
    );
  return {
    json: {
      version: '1.0',
      added_tokens: addedTokens(names, (of('token_type') ?? []) as readonly number[]),
      normalizer: null,
      pre_tokenizer: preTokenizer,
      post_processor: null, // begin and end tokens: by the two flags below
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        vocab: Object.fromEntries(names.map((name, id) => [name, id])),
        merges,
      },
    },
    config: {
      pad_token: named('padding_token_id'),
      eos_token: named('eos_token_id'),
      bos_token: named('bos_token_id'),
      add_bos_token: flag('add_bos_token'),
      add_eos_token: flag('add_eos_token'),
      chat_template: metadata['tokenizer.chat_template'],
    },
  };
}

function flagOf(value: unknown, key: string, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new UserError(
    `${path} sets "tokenizer.ggml.${key}" to ${String(value)}, which is neither true nor false: put the model's tokenizer.json beside the file`,
  );
}

/** Control and user-defined tokens, found in a text before it is divided. */
function addedTokens(names: readonly string[], types: readonly number[]): readonly object[] {
  const kept = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return names.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED
      ? [{ id, content, ...kept, special: types[id] === CONTROL }]
      : [],
  );
}
