import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../model/tokenizer';
import { encodeLines, encodePairs, encodeTexts } from './encode';
import { sourceAndTarget } from './segments';

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
    const [pair] = encodePairs(tokenizer({}), [example], {
      source: 5,
      target: 9,
      start: 2,
      end: [2],
      languages,
      wholeTargets: false,
    });
    expect(pair).toEqual({
      index: 0,
      ids: Int32Array.from([1, 97, 98, 99, 2]),
      shown: '\u0001abc\u0002',
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
      wholeTargets: false,
    });
    expect(pair).toEqual({
      index: 0,
      ids: Int32Array.from([1, 97, 98, 99, 100, 2, 201]),
      shown: 'abcd',
      target: Int32Array.from([1, 101, 102, 2]),
      start: 202,
    });
    const [plain] = encodePairs(tokenizer({ en_XX: 201, ro_RO: 202 }, 201), [example], {
      source: 9,
      target: 9,
      start: 201,
      end: [2],
      languages: null,
      wholeTargets: false,
    });
    expect(plain).toEqual({
      index: 0,
      ids: Int32Array.from([1, 97, 98, 99, 100, 2, 201]),
      shown: 'abcd',
      target: Int32Array.from([1, 101, 102, 2]),
      start: 201,
    });
  });
});

describe('an example in pieces', () => {
  const asked = {
    ...{ id: 'x', text: 'Q: one two!', target: 'ef' },
    pieces: [
      { text: 'Q: ', keeps: 'all' },
      { text: 'one two', keeps: 'beginning' },
      { text: '!', keeps: 'all' },
    ],
  } as const;
  const plain: Tokenizer = {
    ...tokenizer({}),
    encode: ({ text }, most) => {
      const ids = Int32Array.from(Array.from(text, (c) => c.charCodeAt(0)).slice(0, most));
      return { ids, typeIds: new Int32Array(ids.length) };
    },
  };
  const options = { source: 10, target: 4, start: 2, end: [2], languages: null, segments: null, wholeTargets: true };

  it('keeps its instruction whole, and is shown as it is read', () => {
    const [pair] = encodePairs(plain, [asked], options);
    expect(pair?.shown).toBe('Q: one!');
    expect(plain.decode(pair?.ids ?? [])).toBe('Q: one!');
    const [line] = encodeLines(plain, [asked], options);
    expect(line?.shown).toBe('Q: one!');
    expect(plain.decode(line?.ids.slice(0, line.from) ?? [])).toBe('Q: one!\n');
  });

  it('without pieces is shown as far as it is read', () => {
    const example = { id: 'x', text: 'a bc def ghi jkl', target: 'ef' };
    expect(encodePairs(plain, [example], options)[0]?.shown).toBe('a bc def g');
    expect(encodeLines(plain, [example], options)[0]?.shown).toBe('a bc def ');
    expect(encodeLines(plain, [example], { ...options, source: 20 })[0]?.shown).toBe(example.text);
  });

  it('is refused where the instruction alone does not fit, and where a target would be cut that must not be', () => {
    for (const encode of [encodePairs, encodeLines]) {
      const pairs = (over: Partial<typeof options>, target = 'ef'): unknown =>
        encode(plain, [{ ...asked, target }], { ...options, ...over });
      expect(() => pairs({ source: 4 })).toThrow(/the instruction of example x leaves its text no room in [34] tokens/);
      expect(() => pairs({}, 'efghi')).toThrow(/the target of example x has [56] tokens with its end and is not cut/);
      expect(() => pairs({ wholeTargets: false }, 'efghi')).not.toThrow();
    }
  });
});

describe('encodeLines', () => {
  const around = (front: readonly number[], behind: readonly number[]): Tokenizer => ({
    ...tokenizer({}),
    encode: ({ text }) => {
      const ids = Int32Array.from([...front, ...Array.from(text, (c) => c.charCodeAt(0)), ...behind]);
      return { ids, typeIds: new Int32Array(ids.length) };
    },
  });
  const codes = (text: string): readonly number[] => Array.from(text, (c) => c.charCodeAt(0));
  const options = { source: 20, target: 9, segments: null, wholeTargets: true };

  it.each([
    ['nothing', [], []],
    ['a begin', [1], []],
    ['the end token in front (OPT)', [2], []],
    ['the end token behind', [], [2]],
    ['a begin and the end token', [1], [2]],
    ['the end token in front and behind', [2], [2]],
  ])('reads texts whole where the tokenizer puts around them %s', (_, front, behind) => {
    const [line] = encodeLines(around(front, behind), [example], { ...options, end: [2] });
    expect([...(line?.whole ?? [])]).toEqual([...front, ...codes('abcd\nef'), 2]);
    expect(line?.from).toBe(front.length + 5);
    const [told] = encodeLines(around(front, behind), [example], { ...options, end: [2], segments: sourceAndTarget });
    expect([...(told?.whole ?? [])]).toEqual([2, ...front.filter((id) => id !== 2), ...codes('abcd\nef'), 2]);
  });
});

describe('encodeTexts', () => {
  it('keeps position and label', () => {
    expect(encodeTexts(tokenizer({}), [{ text: 'a', pair: null, label: 1 }], 8)).toEqual([
      { index: 0, label: 1, ids: Int32Array.from([1, 97, 2]), typeIds: new Int32Array(3) },
    ]);
  });
});
