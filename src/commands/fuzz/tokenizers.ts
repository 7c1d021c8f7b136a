import { tokenizerFrom } from '../../model/tokenizer';
import { mutateJson, pick } from './mutate';
import { judged, reading } from './reading';
import type { Target } from './target';

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '<s>', '</s>'];
const words = [...special, ...'abcdefghijklmnopqrstuvwxyz0123456789.,!'].map((word, id) => [word, id] as const);
const added = special.map((content, id) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
}));

/** Small tokenizers of each kind, complete as `tokenizer.json`. */
const documents: readonly string[] = [
  {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries([
        ...words,
        ...[...'abcdefgh'].map((letter, i) => [`##${letter}`, words.length + i] as const),
      ]),
    },
  },
  {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: '\\p{N}{1,3}|\\s+|[^\\s\\p{N}]+' }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '[UNK]',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries([...words, ['th', 60], ['the', 61]]),
      merges: [
        ['t', 'h'],
        ['th', 'e'],
      ],
    },
  },
  {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    model: {
      type: 'Unigram',
      unk_id: 1,
      byte_fallback: false,
      vocab: [...words.map(([word], i) => [word, -3 - i / 10] as const), ['▁', -2], ['▁the', -1.5]],
    },
  },
].map((document) => JSON.stringify(document));

const texts = [
  'the cat, 12.5%!',
  'ΣΑΣ é\u0301 \u0085 𠀀 ﬁ',
  '[CLS] a  b\n\tc',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1234567890',
];

function told(document: string, config: string): string {
  const tokenizer = tokenizerFrom(
    JSON.parse(document) as Record<string, unknown>,
    JSON.parse(config) as Record<string, unknown>,
  );
  const rows = texts
    .map((text) => tokenizer.encode({ text, pair: null }, 64))
    .map(({ ids }) => `${[...ids].join()} ${tokenizer.decode(ids)}`);
  return `${tokenizer.size} ${tokenizer.padId} ${rows.join('|')}`;
}

const config = JSON.stringify({
  pad_token: '[PAD]',
  unk_token: '[UNK]',
  cls_token: '[CLS]',
  sep_token: '[SEP]',
  do_lower_case: true,
  model_max_length: 64,
});
const before = new Map<string, string>();

export const tokenizers: Target = {
  name: 'tokenizer.json',
  async run(random) {
    const document = pick(random, documents);
    if (!before.has(document)) before.set(document, told(document, config));
    const settings = random() < 0.15;
    const edit = mutateJson(settings ? config : document, random);
    if (!isJson(edit.value)) return { kind: 'refused', detail: 'not JSON' };
    const read = await reading(() => (settings ? told(document, edit.value) : told(edit.value, config)));
    return judged(
      read,
      `${(JSON.parse(document) as { model: { type: string } }).model.type} ${settings ? 'config ' : ''}${edit.what}`,
      {
        same: (now) => now === before.get(document),
        matters:
          !settings &&
          edit.kind === 'value' &&
          ['model.unk_token', 'model.type', 'normalizer.type'].includes(edit.path.join('.')),
      },
    );
  },
};

/** A file that is no JSON is refused before the tokenizer is made. */
function isJson(text: string): boolean {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
