import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../model/tokenizer';
import { parseMethod } from '../../petl/design/written';
import type { GenerationExample } from '../../tasks/generation';
import { wordModel, words } from '../fixtures/words';
import { oneStack } from './one-stack';

const limits = {
  ...{ source: 6, target: 4, end: [2], segments: null, wholeTargets: true },
  room: { source: 64, target: 64 },
};
const examples: readonly GenerationExample[] = [
  { id: 'a', text: words(1, 2, 3, 4, 5, 6, 7, 8), target: words(9) },
  { id: 'b', text: words(11, 12), target: words(9) },
];

describe('what a prompt is written from by another encoder', () => {
  let folder = '';
  let [own, other]: (Tokenizer | undefined)[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-reads-'));
    own = loadTokenizer(wordModel(folder, 'gpt2', false));
    other = loadTokenizer(wordModel(folder, 'bert'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const read = (source: string, room = 64): readonly string[] => {
    const { prompt } = parseMethod(`id-prompt:l=2,q=8,heads=2,encoder=model,name=other,e=32,source=${source}`);
    const form = oneStack(own as Tokenizer, limits, 2, { prompt, tokenizer: other, room });
    return form.sources(examples).reads?.map((ids) => (other as Tokenizer).decode(ids)) ?? [];
  };

  it('is the text that the model reads, all of it and nothing that is cut', () => {
    expect(read('true')).toEqual([words(1, 2, 3, 4, 5), words(11, 12)]);
    expect(read('shuffled')).toEqual([words(11, 12), words(1, 2, 3, 4, 5)]);
    expect(read('constant')).toEqual(['', '']);
  });

  it('is refused where the encoder cannot read all of it', () => {
    expect(() => read('true', 6)).toThrow(/has 7 tokens of the encoder that prompts are written from, which reads 6/);
  });
});
