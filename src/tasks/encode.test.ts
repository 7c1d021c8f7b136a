import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../model/tokenizer';
import { encodePairs, encodeTexts } from './encode';

/** One token a character, between 1 and 2, and after that `last`; codes of languages where there are any. */
const tokenizer = (codes: Readonly<Record<string, number>>, ...last: readonly number[]): Tokenizer => ({
  size: 300,
  padId: 0,
  encode: ({ text }, most) => {
    const ids = Int32Array.from([
      1,
      ...Array.from(text, (c) => c.charCodeAt(0)).slice(0, most - 2 - last.length),
      2,
      ...last,
    ]);
    return { ids, typeIds: new Int32Array(ids.length) };
  },
  decode: (ids) => Array.from(ids, (id) => String.fromCharCode(id)).join(''),
  idOf: (token) => codes[token],
});
const example = { id: 'x', text: 'abcd', target: 'ef' };
const languages = { source: 'en_XX', target: 'ro_RO' };

describe('encodePairs', () => {
  it('cuts sources and targets, and starts the decoder as the model says', () => {
    const [pair] = encodePairs(tokenizer({}), [example], { source: 5, target: 9, start: 2, end: [2], languages });
    expect(pair).toEqual({
      index: 0,
      ids: Int32Array.from([1, 97, 98, 99, 2]),
      target: Int32Array.from([1, 101, 102, 2]),
      start: 2,
    });
  });

  it("puts languages last and starts with the target's, which is not predicted, where the tokenizer has them", () => {
    const [pair] = encodePairs(tokenizer({ en_XX: 201, ro_RO: 202 }, 201), [example], {
      source: 9,
      target: 9,
      start: 201,
      end: [2],
      languages,
    });
    expect(pair).toEqual({
      index: 0,
      ids: Int32Array.from([1, 97, 98, 99, 100, 2, 201]),
      target: Int32Array.from([1, 101, 102, 2]),
      start: 202,
    });
    const [plain] = encodePairs(tokenizer({ en_XX: 201, ro_RO: 202 }, 201), [example], {
      source: 9,
      target: 9,
      start: 201,
      end: [2],
      languages: null,
    });
    expect(plain).toEqual({
      index: 0,
      ids: Int32Array.from([1, 97, 98, 99, 100, 2, 201]),
      target: Int32Array.from([1, 101, 102, 2]),
      start: 201,
    });
  });
});

describe('encodeTexts', () => {
  it('keeps position and label', () => {
    expect(encodeTexts(tokenizer({}), [{ text: 'a', pair: null, label: 1 }], 8)).toEqual([
      { index: 0, label: 1, ids: Int32Array.from([1, 97, 2]), typeIds: new Int32Array(3) },
    ]);
  });
});
