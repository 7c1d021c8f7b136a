import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { tokenizerFrom } from '../tokenizer';
import { charsmapOf } from './charsmap';

/* Settings of SentencePiece's tokenizers: each is computed as Hugging Face does, or refused. */

type Json = Readonly<Record<string, unknown>>;

/** A compiled map as SentencePiece writes it: each node's children have a block of 256 units of their own. */
function mapOf(rules: Readonly<Record<string, string>>): string {
  const units: number[] = new Array<number>(512).fill(0);
  let text = '';
  const blocks = new Map<string, number>([['', 256]]);
  units[0] = 256 << 10;
  for (const [key, value] of Object.entries(rules)) {
    let [path, block] = ['', 256];
    for (const byte of Buffer.from(key)) {
      path += `${byte} `;
      const at = block ^ byte;
      block = blocks.get(path) ?? units.length;
      if (!blocks.has(path)) units.push(...new Array<number>(256).fill(0));
      blocks.set(path, block);
      units[at] = (units[at] ?? 0) | ((at ^ block) << 10) | byte;
      if (path.trim().split(' ').length === Buffer.byteLength(key)) {
        units[at] |= 1 << 8;
        units[block] = Buffer.byteLength(text);
      }
    }
    text += `${value}\0`;
  }
  const trie = Buffer.from(Uint32Array.from(units).buffer);
  const size = Buffer.from(Uint32Array.of(trie.length).buffer);
  return Buffer.concat([size, trie, Buffer.from(text)]).toString('base64');
}

describe('a compiled map of characters', () => {
  const normalize = charsmapOf(mapOf({ Ａ: 'A', '\u3000': ' ', ﬁ: 'fi', '\u200b': '', 'e\u0301': 'é', '～': '~' }));

  it.each([
    ['Ａ\u3000a', 'A a'],
    ['ﬁn', 'fin'],
    ['a\u200bb', 'ab'],
    ['e\u0301e', 'ée'],
    ['～Ｂ½', '~Ｂ½'], // by the map alone, not by NFKC
    ['', ''],
    ['a\0b', 'a\0b'],
  ])('%j becomes %j', (text, expected) => expect(normalize(text)).toBe(expected));

  it('replaces a short cluster by the shortest key that it starts with, and a long one by character', () => {
    const short = charsmapOf(mapOf({ a: 'x', 'a\u0301': 'y', '\u0301': 'z' }));
    expect(short('a\u0301')).toBe('x');
    expect(short('a\u0301\u0301')).toBe('x');
    expect(short('a\u0301\u0301\u0301')).toBe('xzzz');
  });

  it.each([null, undefined, '', 'AAAA', 'not base64 at all', 'AAAAAAAAAAA=', 7, 'BAAAAAAAAAD//w=='])(
    '%j is refused',
    (given) => {
      expect(() => charsmapOf(given)).toThrow(/precompiled_charsmap is none that SentencePiece writes/);
      expect(() => charsmapOf(given)).toThrow(UserError);
    },
  );
});

const bytes = Array.from(
  { length: 256 },
  (_, i) => [`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, -9] as const,
);
const words: readonly (readonly [string, number])[] = [
  ...([
    ['<unk>', 0],
    ['a', -1],
    ['b', -1],
    ['A', -1],
    ['▁', -2],
    ['▁a', -1],
    ['▁b', -1],
    ['▁▁', -1],
  ] as const),
  ...bytes,
];
const unigram = { type: 'Unigram', unk_id: 0, vocab: words };
const empty = { version: '1.0', added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null };

function pieces(json: Json, text: string): readonly (string | undefined)[] {
  const { ids } = tokenizerFrom({ ...empty, decoder: null, model: unigram, ...json }, {}).encode(
    { text, pair: null },
    99,
  );
  return [...ids].map((id) => words[id]?.[0]);
}

describe('a Unigram model', () => {
  it('falls back to bytes where the file says so', () => {
    expect(pieces({ model: { ...unigram, byte_fallback: true } }, 'aéA')).toEqual(['a', '<0xC3>', '<0xA9>', 'A']);
    expect(pieces({ model: { ...unigram, byte_fallback: false } }, 'aéA')).toEqual(['a', '<unk>', 'A']);
  });

  it('joins unknown characters of a word, never of two', () => {
    const apart = { pre_tokenizer: { type: 'WhitespaceSplit' } };
    expect(pieces(apart, 'éé éa')).toEqual(['<unk>', '<unk>', 'a']);
  });

  it('normalizes by its map', () => {
    const map = mapOf({ Ａ: 'A', '\u3000': ' ' });
    const normalizer = { type: 'Sequence', normalizers: [{ type: 'Precompiled', precompiled_charsmap: map }] };
    const space = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' };
    expect(pieces({ normalizer, pre_tokenizer: space }, 'Ａ\u3000a')).toEqual(['A', '▁a']);
  });
});

describe('Metaspace', () => {
  const of = (settings: Json): Json => ({ pre_tokenizer: { type: 'Metaspace', replacement: '▁', ...settings } });

  it.each([
    [{ prepend_scheme: 'always', split: true }, ['▁a', '▁', '▁b']],
    [{ prepend_scheme: 'always' }, ['▁a', '▁', '▁b']],
    [{ prepend_scheme: 'always', split: false }, ['▁a', '▁▁', 'b']],
    [{ add_prefix_space: true }, ['▁a', '▁', '▁b']],
    [{ add_prefix_space: false }, ['a', '▁', '▁b']],
  ])('%j', (settings, expected) => {
    expect(pieces(of(settings), 'a  b')).toEqual(expected);
    const inner = { pre_tokenizer: { type: 'Sequence', pretokenizers: [of(settings)['pre_tokenizer']] } };
    expect(pieces(inner, 'a  b')).toEqual(expected);
  });
});

describe('what is not computed is refused by name', () => {
  const bpe = { type: 'BPE', unk_token: 'a', vocab: { a: 0, b: 1 }, merges: [] };
  it.each([
    [{ model: { ...bpe, continuing_subword_prefix: '##' } }, /BPE with the prefix "##" within words/],
    [{ model: { ...bpe, byte_fallback: 1 } }, /model\.byte_fallback is 1/],
    [{ model: { ...unigram, byte_fallback: 'true' } }, /model\.byte_fallback is "true"/],
    [{ model: { ...unigram, vocab: words.slice(0, -1), byte_fallback: true } }, /has no word <0xFF>/],
    [{ pre_tokenizer: { type: 'Metaspace', replacement: '▁', split: 1 } }, /Metaspace\.split is 1/],
    [{ pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'last' } }, /prepend_scheme is "last"/],
    [{ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }, /precompiled_charsmap is none/],
  ])('case %#', (json, message) => {
    expect(() => pieces(json, 'a')).toThrow(message);
    expect(() => pieces(json, 'a')).toThrow(UserError);
  });

  it('but an empty prefix is none', () => {
    const model = { ...bpe, continuing_subword_prefix: '', fuse_unk: true };
    expect(pieces({ model }, 'ab').length).toBe(2);
  });
});

describe('tokenizer_config.json', () => {
  const json = { ...empty, decoder: null, model: unigram };
  it.each([
    [{ truncation_side: 'left' }, /truncation_side "left" is not computed here, only "right"/],
    [{ split_special_tokens: true }, /split_special_tokens true is not computed here/],
    [{ brand_new: 1 }, /sets "brand_new", which this project does not know/],
    [{ brand_new: 'x' }, /sets "brand_new"/],
    [{ add_cls_token: true }, /sets "add_cls_token"/],
    [{ do_lower_case: 1 }, /"do_lower_case" must be true or false, not 1/],
    [{ add_bos_token: 'true' }, /"add_bos_token" must be true or false/],
    [{ src_lang: 'en_XX' }, /src_lang "en_XX" is not the language that tokenizer\.json puts/],
  ])('%j is refused by name', (config, message) => {
    expect(() => tokenizerFrom(json, config)).toThrow(message);
    expect(() => tokenizerFrom(json, config)).toThrow(UserError);
  });

  it('says what changes no id', () => {
    const config = {
      ...{ add_prefix_space: null, truncation_side: 'right', split_special_tokens: false, brand_new: null, other: [] },
      ...{ bos_token: '<s>', image_token: { content: '<i>' }, pad_token_id: 0, padding_side: 'left', legacy: true },
      ...{ added_tokens_decoder: { 0: {} }, model_max_length: 512, sp_model_kwargs: {}, remove_space: true },
      ...{
        clean_up_tokenization_spaces: true,
        do_lower_case: false,
        keep_accents: false,
        src_lang: null,
        unseen: false,
      },
      ...{ tokenizer_class: 'T5Tokenizer', extra_ids: 100, additional_special_tokens: ['<x>'], never_split: null },
    };
    const ids = (given: Json): readonly number[] => [
      ...tokenizerFrom(json, given).encode({ text: ' a', pair: null }, 9).ids,
    ];
    expect(ids(config)).toEqual(ids({}));
  });
});
