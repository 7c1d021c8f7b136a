import { describe, expect, it } from 'vitest';
import { labelledData } from './labelled';
import { withoutNear } from './near';
import { requestsIn, utterancesIn } from './dialogue-acts';
import { bodyOf } from './shipped/spam';
import { shiftData } from './shipped/squad-shifts';
import { tweetData } from './shipped/tweet-polarity';
import type { ClassificationExample } from './classification';

const example = (id: string, text: string): ClassificationExample => ({ id, text, pair: null, label: 0 });
const words = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `w${from + i}`).join(' ');

describe('near duplicates across splits', () => {
  it('leave training and validation, and test stays whole', () => {
    const data = {
      train: [example('a', words(0, 20)), example('b', words(100, 20)), example('c', `${words(200, 19)} new`)],
      validation: [example('d', `${words(100, 19)} other`), example('e', `${words(0, 19)} other`)],
      test: [example('f', `${words(0, 19)} another`)],
    };
    const kept = withoutNear(data);
    expect(kept.test).toEqual(data.test);
    expect(kept.validation.map(({ id }) => id)).toEqual(['d']); // e is near f
    expect(kept.train.map(({ id }) => id)).toEqual(['c']); // a is near f, b near d
  });

  it('are those that share four fifths of their words, found as all pairs would be', () => {
    const texts = Array.from({ length: 60 }, (_, i) =>
      example(`t${i}`, `${words(i % 7, 8)} ${words(40 + (i % 5), 4)}`),
    );
    const held = Array.from({ length: 9 }, (_, i) => example(`h${i}`, `${words(i, 8)} ${words(40 + (i % 4), 4)}`));
    const setOf = ({ text }: ClassificationExample): Set<string> => new Set(text.split(' '));
    const isNear = (a: Set<string>, b: Set<string>): boolean => {
      const both = [...a].filter((word) => b.has(word)).length;
      return both / (a.size + b.size - both) >= 0.8;
    };
    const expected = texts.filter((text) => !held.some((other) => isNear(setOf(text), setOf(other))));
    const found = withoutNear({ train: texts, validation: [], test: held }).train;
    expect(found).toEqual(expected);
    expect(found.length).toBeLessThan(texts.length);
    expect(found.length).toBeGreaterThan(0);
  });
});

describe('labelledData', () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({
    id: `r${i}`,
    text: `${words(i * 10, 9)} x`,
    label: i % 2,
    group: `g${Math.floor(i / 3)}`,
  }));

  it('keeps groups in one split, one of equal texts and none of contradicted ones', () => {
    const more = [
      { id: 'again', text: (rows[4]?.text ?? '').toUpperCase(), label: 0, group: 'other' },
      { id: 'against', text: rows[7]?.text ?? '', label: 0, group: 'other' },
    ];
    const data = labelledData('toy', [...rows, ...more]);
    const splits = Object.values(data).map((part) => part.map(({ id }) => id));
    expect(splits.flat()).toHaveLength(59);
    expect(splits.flat()).not.toContain('r7');
    const groups = splits.map((ids) => new Set(ids.map((id) => Math.floor(Number(id.slice(1)) / 3))));
    expect(groups.reduce((sum, group) => sum + group.size, 0)).toBe(new Set(groups.flatMap((g) => [...g])).size);
  });

  it('cuts each split', () => {
    const data = labelledData('toy', rows, { train: 5, validation: 2, test: 4 });
    expect(Object.values(data).map((part) => part.length)).toEqual([5, 2, 4]);
  });
});

describe('the makers of shipped tasks', () => {
  it('keep headers, tags and replies out of messages', () => {
    const mail =
      'From: a@spam.example\nSubject: Re: [list] Hello\n  there\nTo: b\n\n<p>Buy =20<b>now</b></p>\n-----\nend';
    expect(bodyOf(mail)).toBe('Hello there Buy now end');
  });

  it('keep the domain out of an utterance', () => {
    const [one] = utterancesIn({ 'Hotel-Inform': { 'Name;': ["Try #HOTEL-INFORM-NAME# , it is n't far ."] } });
    expect(one).toMatchObject({ text: "Try [name], it isn't far.", act: 'inform', domain: 'hotel' });
    expect(one?.group).toBe('utterance try it isn t far');
  });

  it('read what is asked for from the names of its slots', () => {
    const acts = {
      'Hotel-Request': { 'Post;Phone;': ['Their postcode and phone ?'], 'Area;': ['Where ?', 'Which area ?'] },
      'Hotel-Inform': { 'Name;': ['That one .'] },
    };
    expect(requestsIn(acts).map(({ text, slots }) => [text, slots])).toEqual([
      ['Their postcode and phone?', ['post', 'phone']],
      ['Where?', ['area']],
      ['Which area?', ['area']],
    ]);
  });

  it('divide questions by article, score the set of its own, and count places in UTF-16 units', () => {
    const article = (title: string, qas: number) => ({
      title,
      paragraphs: [
        {
          context: `\u{1F600} ${words(title.charCodeAt(0) * 100, 30)} end`,
          qas: Array.from({ length: qas }, (_, i) => ({
            id: `${title}${i}`,
            question: `what ${i}?`,
            answers: [
              {
                text: i === 2 ? 'never' : 'end',
                answer_start: i === 2 ? 0 : 2 + words(title.charCodeAt(0) * 100, 30).length + 1,
              },
            ],
          })),
        },
      ],
    });
    const letters = [...'ABCDEFGHIJKLMNOPQRST'];
    const { train, validation, test } = shiftData(
      [['one', letters.map((title) => article(title, 3))]],
      [article('Z', 2)],
    );
    expect(test.map(({ id }) => id).sort()).toEqual(['Z0', 'Z1']);
    expect(train.length + validation.length).toBe(40); // an answer that does not stand where it should leaves
    const titles = [train, validation].map((part) => new Set(part.map(({ id }) => id[0])));
    expect(titles[0]!.size + titles[1]!.size).toBe(20);
    expect(validation.length).toBeGreaterThan(0);
    for (const { pair, answers } of [...train, ...test]) expect(pair.startsWith('end', answers[0]!.start)).toBe(true);
  });

  it('read tweets by agreement, without links and names', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `neutral,0.9,@me${i} word${i} http://x.y/${i}`);
    const data = tweetData(['sentiment,confidence,text', ...lines, 'positive,0.5,unsure'].join('\n'));
    const texts = Object.values(data).flatMap((part) => part.map(({ text }) => text));
    expect(texts).toHaveLength(60);
    expect(texts).toContain('@user word3 link');
  });
});
