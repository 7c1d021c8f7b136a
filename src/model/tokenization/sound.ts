import { UserError } from '../../errors';
import { byteToken } from './words';

type Json = Readonly<Record<string, unknown>>;

/** More words than any model has: a larger id is damage, and tables by id are made for it. */
const mostWords = 1 << 23;

/** Throws a UserError where tokenizer.json is not what the format says, or sets what the library passes over. */
export function demandSound(json: Json): void {
  const added = json['added_tokens'];
  if (!Array.isArray(added)) throw damaged('added_tokens', added);
  for (const token of added as readonly unknown[]) demandAdded(token);
  for (const part of [json['normalizer'], json['pre_tokenizer']]) demandPart(part);
  const model = json['model'];
  if (!isRecord(model)) throw damaged('model', model);
  demandModel(model);
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(what: string, value: unknown): UserError {
  return new UserError(
    `tokenizer.json: ${what} is ${JSON.stringify(value)?.slice(0, 60) ?? 'missing'}, which is none: copy the file again`,
  );
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < mostWords;
}

function demandAdded(token: unknown): void {
  if (!isRecord(token) || typeof token['content'] !== 'string' || token['content'] === '' || !isId(token['id']))
    throw damaged('an added token', token);
  if (token['single_word'] === true)
    throw new UserError(
      `tokenizer.json: token "${token['content']}" is found as a single word only, which is not computed here: choose another tokenizer`,
    );
}

function demandModel(model: Json): void {
  const { type, vocab, dropout } = model;
  if (typeof dropout === 'number' && dropout > 0)
    throw new UserError(`tokenizer.json divides texts at random (dropout ${dropout}): set its dropout to null`);
  if (type === 'Unigram') {
    demandScored(model);
    return;
  }
  if (type !== 'BPE' && type !== 'WordPiece')
    throw new UserError(
      `tokenizer.json has a model of type ${JSON.stringify(type) ?? 'none'}; this project reads BPE, WordPiece and Unigram: choose another tokenizer`,
    );
  if (!isRecord(vocab)) throw damaged('model.vocab', vocab);
  for (const [word, id] of Object.entries(vocab)) if (!isId(id)) throw damaged(`the id of "${word}"`, id);
  const unknown = model['unk_token'];
  if (
    type === 'WordPiece'
      ? typeof unknown !== 'string'
      : ![null, undefined].includes(unknown as null) && typeof unknown !== 'string'
  )
    throw damaged('model.unk_token', unknown);
  if (typeof unknown === 'string' && !Object.hasOwn(vocab, unknown))
    throw new UserError(`tokenizer.json: unk_token "${unknown}" is no word of its vocabulary: copy the file again`);
  if (type === 'BPE') demandPairs(model);
  else demandWordPiece(model);
}

function demandPairs(model: Json): void {
  demandMerges(model['merges']);
  const prefix = model['continuing_subword_prefix'] ?? '';
  if (prefix !== '')
    throw new UserError(
      `tokenizer.json: BPE with the prefix ${JSON.stringify(prefix)} within words is not computed here: choose another tokenizer`,
    );
  demandSwitches('model', model, ['byte_fallback', 'fuse_unk', 'ignore_merges']);
}

/** Python and Rust disagree on 1 and "true", so that only the two words are read. */
function demandSwitches(part: string, json: Json, keys: readonly string[]): void {
  const wrong = keys.find((key) => typeof (json[key] ?? false) !== 'boolean');
  if (wrong !== undefined) throw damaged(`${part}.${wrong}`, json[wrong]);
}

/** Settings of the parts before the model. */
function demandPart(part: unknown): void {
  if (!isRecord(part)) return;
  for (const inner of ['normalizers', 'pretokenizers'])
    if (Array.isArray(part[inner])) (part[inner] as readonly unknown[]).forEach(demandPart);
  if (part['type'] === 'Metaspace') demandMetaspace(part);
}

function demandMetaspace(part: Json): void {
  demandSwitches('Metaspace', part, ['split', 'add_prefix_space']);
  const { replacement = '▁', prepend_scheme: scheme = 'always' } = part;
  if (typeof replacement !== 'string' || [...replacement].length !== 1)
    throw damaged('Metaspace.replacement', replacement);
  if (!['always', 'first', 'never'].includes(String(scheme))) throw damaged('Metaspace.prepend_scheme', scheme);
}

function demandMerges(merges: unknown): void {
  if (!Array.isArray(merges)) throw damaged('model.merges', merges);
  const wrong = (merges as readonly unknown[]).find(
    (merge) =>
      !(typeof merge === 'string' && merge.split(' ').length === 2) &&
      !(Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string')),
  );
  if (wrong !== undefined) throw damaged('a merge', wrong);
}

function demandWordPiece(model: Json): void {
  const { max_input_chars_per_word: longest = 100, continuing_subword_prefix: prefix = '##' } = model;
  if (!isId(longest)) throw damaged('model.max_input_chars_per_word', longest);
  if (typeof prefix !== 'string') throw damaged('model.continuing_subword_prefix', prefix);
}

function demandScored(model: Json): void {
  const { vocab, unk_id: unknown } = model;
  if (!Array.isArray(vocab) || vocab.length === 0 || vocab.length > mostWords) throw damaged('model.vocab', vocab);
  const wrong = (vocab as readonly unknown[]).find(
    (entry) =>
      !Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string' || !Number.isFinite(entry[1]),
  );
  if (wrong !== undefined) throw damaged('a word with its score', wrong);
  if (!isId(unknown) || unknown >= vocab.length) throw damaged('model.unk_id', unknown);
  demandSwitches('model', model, ['byte_fallback']);
  if (model['byte_fallback'] === true) demandBytes(new Set((vocab as readonly [string][]).map(([word]) => word)));
}

function demandBytes(words: ReadonlySet<string>): void {
  const missing = Array.from({ length: 256 }, (_, byte) => byteToken(byte)).find((token) => !words.has(token));
  if (missing === undefined) return;
  throw new UserError(
    `tokenizer.json falls back to bytes and has no word ${missing}: set byte_fallback to false, or copy the file again`,
  );
}
