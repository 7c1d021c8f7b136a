import { describe, expect, it } from 'vitest';
import { partsOf } from '../segments';
import { conversationKey } from '../groups';
import { splitOf } from '../split';
import { actsData, actsToText, plainUtterance } from './acts-to-text';
import { dialogue, dialogueData } from './dialogue';
import { germanData } from './english-german';
import { questionsData, storyQuestions } from './story-questions';

const at = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('dialogue', () => {
  const said = (id: number, turn: number): string => `person ${id} says ${turn} things now`;
  const conversations = Object.fromEntries(
    at(60).map((id) => [
      String(id),
      { prompt: 'What is new?', messages: at(8).map((turn) => [{ text: `${said(id, turn)} ` }]) },
    ]),
  );

  it('reads the opening question and five turns, which alternate up to the one that is written', () => {
    const all = Object.values(dialogueData(conversations)).flat();
    const last = all.find(({ id }) => id === '7.7');
    expect(last?.text.split('\n')).toEqual(['What is new?', ...[2, 3, 4, 5, 6].map((turn) => said(7, turn))]);
    expect(last?.target).toBe(said(7, 7));
    const parts = partsOf(dialogue.segments ?? { names: [], read: 'whole', most: 0 }, last ?? { text: '' });
    expect(parts.map(({ segment }) => segment)).toEqual([0, 1, 2, 1, 2, 1]);
  });

  it('divides by the key that pretraining asks, and leaves out turns of several messages and repeated ones', () => {
    const data = dialogueData({
      ...conversations,
      x: { prompt: 'What?', messages: [[{ text: 'one' }, { text: 'two' }], [{ text: 'this is an answer' }]] },
      y: { prompt: 'What?', messages: [[{ text: 'again' }], [{ text: said(3, 4) }]] },
    });
    for (const [split, part] of Object.entries(data))
      for (const { id } of part) expect(splitOf(conversationKey(id.split('.')[0] ?? ''))).toBe(split);
    const ids = Object.values(data).flatMap((part) => part.map(({ id }) => id));
    expect(ids).toHaveLength(60 * 7);
    expect(ids.filter((id) => /^[xy]/.test(id))).toEqual([]);
  });
});

describe('acts to text', () => {
  const acts = Object.fromEntries(
    at(40).map((n) => [
      `Hotel-Act${n}`,
      { 'Area;Name;': at(50).map((k) => `Act ${n} says #HOTEL-INFORM-NAME# for ${k} .`) },
    ]),
  );

  it('names each slot on a line of its own, read in the segment of that slot', () => {
    const [example] = actsData(acts, {}).train;
    expect(example?.text).toMatch(/^hotel act\d+\narea\nname$/);
    expect(example?.target).toMatch(/^Act \d+ says \[name\] for \d+\.$/);
    const segments = actsToText.segments ?? { names: [], read: 'whole', most: 0 };
    const parts = partsOf(segments, example ?? { text: '' });
    expect(parts.map(({ segment }) => segments.names[segment])).toEqual(['act', 'area', 'name']);
  });

  it('keeps at most 40 utterances of a set, none that is said for another, and divides by set', () => {
    const user = { 'Hotel-Act3': { 'Area;': ['Act 4 says #HOTEL-INFORM-NAME# for 7 .'] } };
    const data = actsData(acts, user);
    const all = Object.values(data).flat();
    expect(all).toHaveLength(40 * 40);
    expect(all.filter(({ target }) => target === 'Act 4 says [name] for 7.')).toEqual([]);
    const splits = new Map<string, Set<string>>();
    for (const [split, part] of Object.entries(data))
      for (const { text } of part) splits.set(text, (splits.get(text) ?? new Set()).add(split));
    expect([...splits.values()].every((found) => found.size === 1)).toBe(true);
  });

  it('takes the spaces of tokenised text away', () => {
    expect(plainUtterance("It 's #TRAIN-INFORM-LEAVE# , is that right ?")).toBe("It's [leave], is that right?");
  });
});

describe('story questions', () => {
  const stories = at(60).map((n) => ({
    id: `s${n}`,
    story: `Story ${n % 50}\n is here.`,
    questions: at(3).map((k) => ({ input_text: `q${k}?` })),
    answers: at(3).map((k) => ({
      input_text: k === 1 ? 'an answer that is by far too long to be one of twelve words' : `a${k}`,
    })),
  }));

  it('reads the story, one earlier pair and the question; equal stories stay in one split', () => {
    const data = questionsData(stories);
    const all = Object.values(data).flat();
    expect(all).toHaveLength(120);
    const last = all.find(({ id }) => id === 's7.2');
    expect(last?.text.split('\n').slice(1)).toEqual([
      'q1?',
      'an answer that is by far too long to be one of twelve words',
      'q2?',
    ]);
    const parts = partsOf(storyQuestions.segments ?? { names: [], read: 'whole', most: 0 }, last ?? { text: '' });
    expect(parts.map(({ segment }) => segment)).toEqual([0, 1, 2, 1]);
    const splits = new Map<string, Set<string>>();
    for (const [split, part] of Object.entries(data))
      for (const { text } of part)
        splits.set(text.split('\n')[0] ?? '', (splits.get(text.split('\n')[0] ?? '') ?? new Set()).add(split));
    expect([...splits.values()].every((found) => found.size === 1)).toBe(true);
  });
});

describe('english to german', () => {
  it('drops texts that are equal on either side and lengths out of range', () => {
    const pairs = at(60).map((n) => ({
      id: `1.${n}.1`,
      group: `bible 1 ${n}`,
      text: `verse ${n} has six words now`,
      target: `Vers ${n} hat Worte`,
    }));
    const data = germanData(pairs, [
      { id: 'c.a', group: 'component c', text: 'Verse 7 has SIX words now!', target: 'Neu ist das' },
      { id: 'c.b', group: 'component c', text: 'quite a new text', target: 'Vers 8 hat Worte.' },
      { id: 'c.c', group: 'component c', text: 'too short', target: 'Zu kurz hier' },
    ]);
    expect(Object.values(data).flat()).toHaveLength(60);
  });
});
