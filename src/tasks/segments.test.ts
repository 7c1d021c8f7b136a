import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../model/tokenizer';
import { encodeLines } from './encode';
import { generationTask } from './generation';
import type { Segments } from './segments';

/** One token a character, nothing around. */
const tokenizer: Tokenizer = {
  size: 300,
  padId: 0,
  encode: ({ text }, most) => {
    const ids = Int32Array.from(Array.from(text, (c) => c.charCodeAt(0)).slice(0, most));
    return { ids, typeIds: new Int32Array(ids.length) };
  },
  decode: (ids) => Array.from(ids, (id) => String.fromCharCode(id)).join(''),
  idOf: () => undefined,
};
const turns: Segments = { names: ['story', 'question', 'answer'], read: 'turns', most: 400 };
const encoded = (
  text: string,
  segments: Segments | null,
  source = 99,
): { text: string; types: string; from: number } => {
  const options = { source, target: 8, end: [2], segments, wholeTargets: true };
  const [line] = encodeLines(tokenizer, [{ id: 'x', text, target: 'yes' }], options);
  const whole = Array.from(line?.whole ?? [], (id) => (id === 2 ? '$' : String.fromCharCode(id))).join('');
  return { text: whole, types: Array.from(line?.types ?? []).join(''), from: line?.from ?? 0 };
};

describe('a text in segments', () => {
  it('begins with the end token; every token stands in the segment of its part, the answer in the last', () => {
    expect(encoded('abc\nq1\na1\nq2', turns)).toEqual({
      text: '$abc\nq1\na1\nq2\nyes$',
      types: '00000' + '111' + '222' + '111' + '2222',
      from: 14,
    });
  });

  it('is cut in its first part, from whose end tokens go; then whole turns, the oldest first; never its target', () => {
    expect(encoded('abcdefgh\nq1\na1\nq2', turns, 15).text).toBe('$abcd\nq1\na1\nq2\nyes$');
    expect(encoded('abcdefgh\nq1\na1\nq2', turns, 9).text).toBe('$a\na1\nq2\nyes$');
    expect(encoded('abcdefgh\nq1\na1\nq2', turns, 6).text).toBe('$a\nq2\nyes$');
    const options = { source: 99, target: 8, end: [2], segments: turns, wholeTargets: true };
    const long = { id: 'long', text: 'a\nb', target: 'eight ch' };
    expect(() => encodeLines(tokenizer, [long], options)).toThrow(
      'the target of example long has 9 tokens with its end and is not cut: set training.target.maxLength',
    );
    expect(encodeLines(tokenizer, [long], { ...options, segments: null, wholeTargets: false })[0]?.whole.length).toBe(
      4 + 8,
    );
  });

  it('is cut where the paper cuts it, whatever the run allows', () => {
    expect(encoded('abcdefgh', { names: ['source', 'target'], read: 'whole', most: 5 }).text).toBe('$abc\nyes$');
  });

  it('without segments stays what it was, source and target told apart', () => {
    expect(encoded('ab\ncd', null)).toEqual({ text: 'ab\ncd\nyes$', types: '0000001111', from: 6 });
  });

  it('named by its lines stands in the segment of that name', () => {
    const named: Segments = { names: ['act', 'area', 'name', 'response'], read: 'named', most: 99 };
    expect(encoded('hotel\nname\narea', named).types).toBe('0000000' + '22222' + '11111' + '3333');
  });

  it('refuses segments that are none', () => {
    const made = (segments: Segments): unknown =>
      generationTask({ name: 't', segments, load: () => Promise.reject(new Error('not loaded')) });
    expect(() => made({ ...turns, names: ['a', 'b'] })).toThrow(
      'task "t" has segments a, b: read by turns it needs three',
    );
    expect(() => made({ ...turns, read: 'whole', names: ['a', 'a'] })).toThrow('at least two different ones');
  });
});
