import type { MetaspacePreTokenizer } from '@huggingface/tokenizers';

/** What the library's models are made of, which its types do not show. */
export interface Model {
  readonly config: { readonly type?: string; readonly byte_fallback?: boolean };
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly unk_token_id: number | undefined;
  readonly fuse_unk: boolean;
  encode(words: string[]): string[];
}

/** The token of a byte where a vocabulary has one for each. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/**
 * Unknown pieces as Hugging Face's models divide them: each word by itself, its unknown pieces in a row are one, and of a
 * Unigram model with a fall-back to bytes they are bytes (models/unigram/model.rs). The library joins them across words
 * and has no such fall-back.
 */
export function mendModel(model: Model): void {
  const bytes = model.config.type === 'Unigram' && model.config.byte_fallback === true;
  if (!model.fuse_unk && !bytes) return;
  const own = model.encode.bind(model);
  const isUnknown = (piece: string | undefined): boolean =>
    piece !== undefined && (model.tokens_to_ids.get(piece) ?? model.unk_token_id) === model.unk_token_id;
  const fallen = (piece: string): readonly string[] =>
    model.tokens_to_ids.has(piece) ? [piece] : [...Buffer.from(piece)].map(byteToken);
  const word = (text: string): readonly string[] => {
    const pieces = own([text]);
    if (bytes) return pieces.flatMap(fallen);
    return pieces.filter((piece, i) => i === 0 || !isUnknown(piece) || !isUnknown(pieces[i - 1]));
  };
  Object.assign(model, { fuse_unk: false, encode: (words: string[]) => words.flatMap(word) });
}

/** A word begins with each space, unless the file has `split: false` (pre_tokenizers/metaspace.rs). */
export function splitWords(part: MetaspacePreTokenizer, json: Readonly<Record<string, unknown>>): void {
  // an older file's way to say that nothing is put in front
  if (json['add_prefix_space'] === false && json['prepend_scheme'] === undefined)
    Object.assign(part, { prepend_scheme: 'never' });
  if (json['split'] === false) return;
  const own = part.pre_tokenize_text.bind(part);
  const space = part.replacement.replace(/[\\\]^-]/g, '\\$&');
  const words = new RegExp(`[${space}][^${space}]*|[^${space}]+`, 'gu');
  const pre_tokenize_text: typeof own = (text, options) =>
    own(text, options).flatMap((piece) => piece.match(words) ?? []);
  Object.assign(part, { pre_tokenize_text });
}
