import { UserError } from '../../errors';
import type { Metadata } from './gguf';

/**
 * Digits apart, then byte-level words: how the pre-tokenizers that GGUF names split text (llama.cpp's llama-vocab.cpp).
 */
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const digits = { type: 'Digits', individual_digits: true };
const preTokenizers: Readonly<Record<string, object>> = {
  'gpt-2': byteLevel,
  default: byteLevel,
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
  const kind = String(of('pre') ?? 'default');
  const preTokenizer = preTokenizers[kind];
  if (of('model') !== 'gpt2' || !Array.isArray(tokens) || !Array.isArray(merges) || preTokenizer === undefined) {
    throw new UserError(
      `${path} holds a tokenizer "${String(of('model'))}", "${kind}", which is not read from GGUF: put the model's tokenizer.json beside the file`,
    );
  }
  const types = (of('token_type') ?? []) as readonly number[];
  const names = tokens as readonly string[];
  const added = names.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED
      ? [
          {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: types[id] === CONTROL,
          },
        ]
      : [],
  );
  const named = (key: string): string | undefined => names[Number(of(key))];
  return {
    json: {
      version: '1.0',
      added_tokens: added,
      normalizer: null,
      pre_tokenizer: preTokenizer,
      post_processor: null,
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
      chat_template: metadata['tokenizer.chat_template'],
    },
  };
}
