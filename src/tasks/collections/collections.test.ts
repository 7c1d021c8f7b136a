import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { squadScores } from '../metrics/answers';
import { splitOf } from '../split';
import { demandMadeFrom, keptPart, readPart, writePart } from './part';
import { readerText, withShots } from './reading';
import { squadTexts } from './squad';
import { storedPassages } from './stored';
import { verseTexts } from './verses';

const verse = (number: number, web: string, basic: string): Parameters<typeof verseTexts>[0][number] => ({
  ...{ book: 1, chapter: 4, verse: number, web, basic, romanian: '' },
});

describe('verses as a collection', () => {
  const names = [
    verse(1, 'Now the man Adam, and Adam, and to Adam said: Cain, and Cain, to Cain.', ''),
    verse(2, 'Then, Cain said to Abel, and Abel, his brother Abel, went.', ''),
  ];

  it('leaves a name out that stands once in either translation, and keeps the passage as it is', () => {
    const asked = verse(
      8,
      'Then Cain spoke to his brother, and it came so.',
      'And Cain said to his brother, Let us go into the field.',
    );
    const { passages, questions } = verseTexts([...names, asked]);
    expect(passages).toHaveLength(3);
    expect(passages[2]).toEqual({ id: '1.4.8', title: 'Genesis 4:8', text: asked.web });
    expect(questions).toEqual([
      {
        ...{ id: '1.4.8', text: 'And ____ said to his brother, Let us go', answers: ['Cain'] },
        ...{ gold: '1.4.8', split: splitOf('bible 1 4') },
      },
    ]);
  });

  it('tells seven words on either side of the gap', () => {
    const basic =
      'one two three four five six seven eight, to Cain: nine ten eleven twelve thirteen fourteen fifteen sixteen.';
    const [question] = verseTexts([...names, verse(10, 'It was Cain.', basic)]).questions;
    expect(question?.text).toBe(
      'three four five six seven eight, to ____: nine ten eleven twelve thirteen fourteen fifteen',
    );
  });

  it('asks nothing where the name is told twice, is in one translation alone, or words are no names', () => {
    const basic = 'And the men of the place went out to the field there.';
    const told = (web: string, other: string): number => verseTexts([...names, verse(9, web, other)]).questions.length;
    expect(told('Then Cain went, and Cain came.', `${basic} Cain.`)).toBe(0);
    expect(told('Then Cain went out.', `${basic} Cain saw Cain.`)).toBe(0);
    expect(told('Then Cain went out.', basic)).toBe(0);
    expect(told('Then he went out.', `Then ${basic}`)).toBe(0);
    expect(told('Then Cain went out.', 'Cain went.')).toBe(0); // too short to say anything
  });
});

describe('SQuAD as a collection', () => {
  it('has each context once, and questions divided by article', () => {
    const qas = (id: string, ...texts: readonly string[]) => [
      { id, question: `Who is ${id}?`, answers: texts.map((text) => ({ text })) },
    ];
    const { passages, questions } = squadTexts([
      [
        'nyt_v1.0',
        [
          {
            title: 'https://example.org/a',
            paragraphs: [{ context: 'Ann came.', qas: qas('q1', 'Ann', 'Ann', ' ann ') }],
          },
          {
            title: 'New_York',
            paragraphs: [
              { context: 'ann  came', qas: qas('q2', 'Ann') },
              { context: 'Bob.', qas: qas('q3') },
            ],
          },
        ],
      ],
    ]);
    expect(passages.map(({ id, title, text }) => [id, title, text])).toEqual([
      ['nyt_v1.0.0.0', 'nyt', 'Ann came.'],
      ['nyt_v1.0.1.1', 'New York', 'Bob.'],
    ]);
    const found = Object.fromEntries(questions.map((question) => [question.id, question]));
    expect(Object.keys(found).sort()).toEqual(['q1', 'q2']);
    expect(found['q1']).toMatchObject({
      answers: ['Ann', 'ann'],
      gold: 'nyt_v1.0.0.0',
      split: splitOf('squad nyt_v1.0 0'),
    });
    expect(found['q2']).toMatchObject({ gold: 'nyt_v1.0.0.0', split: splitOf('squad nyt_v1.0 1') });
  });
});

describe('a part of an index', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-index-'));
    vi.stubEnv('PETL_INDEX', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is read as it was written, and is kept for the same origin alone', () => {
    const path = join(folder, 'small', 'passages');
    const body = Buffer.from(JSON.stringify([{ id: '1', title: 'A\nB', text: 'x' }]));
    const { hash } = writePart(path, { from: 'there' }, body);
    expect(storedPassages('small')).toEqual({ hash, passages: [{ id: '1', title: 'A\nB', text: 'x' }] });
    expect(keptPart(path, { from: 'there' })?.body.equals(body)).toBe(true);
    expect(keptPart(path, { from: 'elsewhere' })).toBeUndefined();
    expect(keptPart(path, {})).toBeUndefined();
    expect(() =>
      demandMadeFrom('small', 'dense', { from: { encoder: 'abc' }, hash, body }, { encoder: 'abd' }),
    ).toThrow('the index of "small" is of another encoder: dense was made from abc, here is abd');
  });

  it('is refused where it is missing, damaged, cut off or something else', () => {
    const path = join(folder, 'small', 'dense');
    expect(() => readPart('small', 'dense')).toThrow('has no part "dense" yet: make it with: npx petl index small');
    writePart(path, { from: 'there' }, Buffer.from([1, 2, 3, 4]));
    const whole = readFileSync(path);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 1] = 9;
    for (const bytes of [flipped, whole.subarray(0, -1), Buffer.from('text'), Buffer.alloc(0)]) {
      writeFileSync(path, bytes);
      expect(() => readPart('small', 'dense')).toThrow('is damaged');
      expect(keptPart(path, { from: 'there' })).toBeUndefined();
    }
    writePart(join(folder, 'small', 'passages'), {}, Buffer.from('[{"id":1}]'));
    expect(() => storedPassages('small')).toThrow('"0.id" should be string');
  });
});

describe('what a reader reads', () => {
  it('is passages, best first, and the question, behind examples where there are some', () => {
    const text = readerText(
      [
        { title: 'T', text: 'one' },
        { title: 'U', text: 'two' },
      ],
      'who?',
    );
    expect(text).toBe('T: one\nU: two\nQuestion: who?\nAnswer:');
    expect(withShots([[text, 'me']], readerText([], 'why?'))).toBe(`${text}\nme\n\nQuestion: why?\nAnswer:`);
  });

  it('is scored as SQuAD scores answers', () => {
    expect(squadScores('the Ark!', ['An ark', 'boat'])).toEqual({ exact: 1, f1: 1 });
    expect(squadScores('Noah built it', ['Noah']).exact).toBe(0);
    expect(squadScores('Noah built it', ['Moses', 'Noah']).f1).toBeCloseTo(0.5, 12);
    expect(squadScores('', ['Noah'])).toEqual({ exact: 0, f1: 0 });
  });
});
