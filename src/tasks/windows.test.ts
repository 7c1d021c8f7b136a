import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modelNamed } from '../model/registry';
import { loadTokenizer } from '../model/tokenizer';
import { wordModel, words } from '../training/fixtures/words';
import { encodeWindows, type Question, type Window } from './windows';

const folder = mkdtempSync(join(tmpdir(), 'petl-windows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const plain = loadTokenizer(wordModel(folder, 'bert'));

const text = words(...Array.from({ length: 50 }, (_, i) => i));
const at = (word: number): number => text.indexOf(`w${word} `);
const ask = (word: number): Question => ({
  text: words(80, 81, 82),
  pair: text,
  answers: [{ text: words(word, word + 1), start: at(word) }],
});
const said = ({ answer: [first, last], from, begins, ends }: Window): string =>
  text.slice(begins[first - from], ends[last - from]);

describe('windows of a question and its text', () => {
  it('are one where the text fits, with the answer at its tokens', () => {
    const [one, ...more] = encodeWindows(plain, [ask(7)], 64);
    expect(more).toEqual([]);
    expect(Array.from(one!.ids.slice(0, 6))).toEqual([0, 84, 85, 86, 2, 4]);
    expect([one!.ids.length, one!.ids[one!.ids.length - 1], one!.from]).toEqual([56, 2, 5]);
    expect(Array.from(one!.typeIds)).toEqual([0, 0, 0, 0, 0, ...Array.from({ length: 51 }, () => 1)]);
    expect(said(one!)).toBe(words(7, 8));
  });

  it('cover a long text, overlap by half, and say where the answer is not', () => {
    const windows = encodeWindows(plain, [ask(0), ask(24), ask(48)], 26); // room for 20 tokens of the text
    expect(windows.map(({ index }) => index)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    const own = windows.filter(({ index }) => index === 1);
    expect(own.map(({ begins }) => text.slice(begins[0]).split(' ')[0])).toEqual(['w0', 'w10', 'w20', 'w30']);
    expect(own.map(({ ends }) => ends.length)).toEqual([20, 20, 20, 20]);
    expect(own.map(({ answer }) => answer)).toEqual([
      [0, 0],
      [19, 20],
      [9, 10],
      [0, 0],
    ]);
    for (const window of windows) {
      expect(window.ids.length).toBeLessThanOrEqual(26);
      if (window.answer[0] > 0) expect(said(window)).toBe(ask([0, 24, 48][window.index]!).answers[0]!.text);
    }
  });

  it('cut a long question, and need room for a text', () => {
    const long: Question = { ...ask(3), text: words(...Array.from({ length: 70 }, (_, i) => i)) };
    expect(encodeWindows(plain, [long], 160)[0]!.from).toBe(66);
    expect(encodeWindows(plain, [long], 30)[0]!.from).toBe(17);
    expect(() => encodeWindows(plain, [long], 20)).toThrow('maxLength 20 has no room for a text beside its question');
  });
});

describe("a model's own tokenizer", () => {
  const tokenizer = loadTokenizer(modelNamed('minilm-l6').path);
  const texts = [
    "In 1897, the Élan's captain (Jean–Luc) didn't sail; he waited: 3,5 days!",
    'naïve cafés of São Paulo cost €12.50 or ¥1,400 — 東京 is far',
    'Unaffable antidisestablishmentarianism\tand\n\nnew lines   x² + y² = z²',
    'a ﬁne word, Ⅳ times, e\u0301te decomposed and 😀 faces',
  ];

  it.each(texts)('reads %j as a whole and in words alike, and every token stands where its letters do', (whole) => {
    const [window] = encodeWindows(tokenizer, [{ text: 'what?', pair: whole, answers: [] }], 200);
    const { ids, from, begins, ends } = window!;
    const both = tokenizer.encode({ text: 'what?', pair: whole }, 200);
    expect(Array.from(ids)).toEqual(Array.from(both.ids));
    expect(Array.from(window!.typeIds)).toEqual(Array.from(both.typeIds));
    begins.forEach((begin, i) => {
      const part = whole.slice(begin, ends[i]);
      expect(part).not.toMatch(/^\s|\s$|^$/);
      const token = tokenizer.decode([ids[from + i]!]).replace(/^##/, '');
      const bare = part
        .toLowerCase()
        .normalize('NFD')
        .replace(/\p{Mn}/gu, '');
      if (!/\p{Lo}|[ﬁⅣ²😀]/u.test(part)) expect(bare).toBe(token);
    });
    expect(begins.every((begin, i) => i === 0 || begin >= begins[i - 1]!)).toBe(true);
  });
});
