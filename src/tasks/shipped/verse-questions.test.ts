import { describe, expect, it } from 'vitest';
import type { Answerable } from '../collections/contexts';
import { arms, asked, usualArm, verseQuestionData, verseQuestions } from './verse-questions';

const passage = (id: string): { id: string; title: string; text: string } => ({
  id,
  title: `T${id}`,
  text: `text ${id}`,
});
const one = (split: 'train' | 'validation' | 'test', i: number): Answerable => ({
  question: { id: `${split}.${i}`, text: `____ in ${i}?`, answers: [`Name${i}`], gold: 'g', split },
  found: (order, most) => Array.from({ length: most }, (_, p) => passage(`${order}${i}.${p}`)),
  gold: passage('g'),
});
const many = (split: 'train' | 'validation' | 'test', count: number): readonly Answerable[] =>
  Array.from({ length: count }, (_, i) => one(split, i));
const data = verseQuestionData([...many('train', 6), ...many('validation', 2), ...many('test', asked + 3)]);

describe('questions on verses', () => {
  it('are learned with the usual passages, apart from the examples that stand in front', () => {
    expect(data.train.map(({ id }) => id)).toEqual([2, 3, 4, 5].map((i) => `train.${i}/${usualArm.name}`));
    expect(data.train[0]).toMatchObject({ target: 'Name2' });
    expect(data.train[0]?.text).toBe(
      [0, 1, 2, 3].map((p) => `Treranked2.${p}: text reranked2.${p}\n`).join('') +
        'Question: Which name stands for ____? ____ in 2?\nAnswer:',
    );
    expect(data.validation).toHaveLength(2);
  });

  it('stand under every arm once, where the arm says', () => {
    expect(data.test).toHaveLength(arms.length * asked);
    for (const { name } of arms) {
      const places = verseQuestions.placesOf!(name, data.test.length);
      expect(places.map((at) => data.test[at]?.id)).toEqual(
        Array.from({ length: asked }, (_, i) => `test.${i}/${name}`),
      );
    }
    expect(verseQuestions.placesOf!('no such arm', data.test.length)).toEqual([]);
  });

  it('have the usual arm in front, and of what is not scored no places', () => {
    const first = verseQuestions.placesOf!(usualArm.name, asked);
    expect(first).toEqual(Array.from({ length: asked }, (_, i) => i));
    expect(verseQuestions.placesOf!('union 4', asked + 2)).toEqual([asked, asked + 1]);
    expect(verseQuestions.placesOf!('gold 1', asked)).toEqual([]);
  });

  it('are read with what their arm says', () => {
    const under = (name: string): string =>
      data.test[verseQuestions.placesOf!(name, data.test.length)[3] ?? -1]?.text ?? '';
    expect(under('none')).toBe('Question: Which name stands for ____? ____ in 3?\nAnswer:');
    expect(under('gold 1')).toMatch(/^Tg: text g\nQuestion/);
    expect(under('union 8').match(/^Tunion3/gm)).toHaveLength(8);
    const long = {
      ...one('test', 0),
      found: () => [90, 90, 90].map((n) => ({ ...passage('x'), text: 'word '.repeat(n) })),
    };
    const { test } = verseQuestionData([...many('train', 3), long]);
    expect(test[0]?.text.match(/^Tx/gm)).toHaveLength(2); // 180 words, and the next would make 270
    const shots = under('reranked 4 behind 2 examples');
    expect(shots).toMatch(
      /^Tg: text g\nQuestion: .*____ in 0\?\nAnswer:\nName0\n\nTg: text g\nQuestion: .*\nAnswer:\nName1\n\nTreranked3\.0/,
    );
    expect(shots.endsWith(under('reranked 4'))).toBe(true);
  });

  it('are judged by what is written, and asked of a model as it is in the form of petl ask', () => {
    expect(verseQuestions.metric).toBe('answer-match');
    const under = (name: string): string =>
      data.test[verseQuestions.placesOf!(name, data.test.length)[3] ?? -1]?.text ?? '';
    const ask = 'Answer with a name or a few words, taken from the passages.\nWhich name stands for ____? ____ in';
    const zero = under('reranked 4 in chat form');
    expect(zero).toMatch(/^<\|im_start\|>user\nTreranked3\.0: text reranked3\.0\n/);
    expect(zero.endsWith(`\n\n${ask} 3?<|im_end|>\n<|im_start|>assistant`)).toBe(true);
    const few = under('reranked 4 in chat form behind 2 examples');
    const turn = (i: number): string =>
      `<|im_start|>user\nTg: text g\n\n${ask} ${i}?<|im_end|>\n<|im_start|>assistant\nName${i}<|im_end|>\n`;
    expect(few).toBe(turn(0) + turn(1) + zero);
  });
});
