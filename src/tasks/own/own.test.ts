import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { classificationData, generationData, multiLabelData, regressionData, spanData, type Source } from './examples';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-own-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const lines = Array.from({ length: 40 }, (_, i) => `"text, number ${i}",${i % 2 === 0 ? 'good' : 'bad'}`);
const good = ['review,stars', ...lines].join('\n');
const columns = { text: 'review', label: 'stars' };
const classify = (source: Source) => classificationData(source, columns);

describe('own labelled texts', () => {
  it('are the same from CSV, from CRLF with a byte order mark, from TSV, JSON lines and rows', () => {
    const tsv = ['review\tstars', ...lines.map((line) => line.replace(/"(.*)",/, '$1\t'))].join('\n');
    const rows = lines
      .map((line) => /"(.*)",(.*)/.exec(line)!)
      .map(([, review, stars]) => ({ review: review!, stars: stars! }));
    const made = [
      classify({ file: file('a.csv', good) }),
      classify({ file: file('b.csv', `\uFEFF${good.replaceAll('\n', '\r\n')}\r\n`) }),
      classify({ file: file('c.tsv', tsv) }),
      classify({
        file: file('d.jsonl', rows.map((row) => JSON.stringify({ ...row, tags: ['kept', 'unread'] })).join('\n')),
      }),
      classify({ rows }),
    ];
    expect(made[0]!.labels).toEqual(['bad', 'good']);
    expect(made[0]!.data.train.length + made[0]!.data.validation.length + made[0]!.data.test.length).toBe(40);
    expect(made[0]!.data.train[0]!.text).toMatch(/^text, number \d+$/);
    for (const other of made.slice(1)) expect(other).toEqual(made[0]);
  });

  it('keep quoted line ends, doubled quotes and every other character of a text', () => {
    const odd = 'A "quoted" word,\nand 你好 \u{1F600}';
    const csv = `${good}\n"${odd.replaceAll('"', '""')}",good`;
    const { data } = classify({ file: file('odd.csv', csv) });
    expect([...data.train, ...data.validation, ...data.test].map(({ text }) => text)).toContain(odd);
  });

  it('order numbers by size and let classes be of any size', () => {
    const stars = ['10', '9', '-1', '1.5'];
    const rows = Array.from({ length: 80 }, (_, i) => ({
      review: `t ${i}`,
      stars: Number(stars[i % 8 === 0 ? 1 : i % 4]),
    }));
    expect(classify({ rows }).labels).toEqual(['-1', '1.5', '9', '10']);
  });

  it('keep a group, and equal texts, in one split', () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({
      review: `Text ${i % 50}!`,
      stars: i % 2,
      who: `p${i % 20}`,
    }));
    const splitsOf = (source: Source, keyOf: (text: string) => string) => {
      const { data } = classify(source);
      const seen = Object.entries(data).flatMap(([split, part]) => part.map(({ text }) => `${keyOf(text)} ${split}`));
      return new Set(seen).size;
    };
    expect(splitsOf({ rows }, (text) => text)).toBe(50);
    const grouped = classify({ rows, group: 'who' });
    expect(grouped.leaked).toBeGreaterThan(0);
    expect(classify({ rows }).leaked).toBe(0);
  });

  it('take three given files as they stand, in their order, and count test texts that also train', () => {
    const part = (from: number, to: number) => ['review,stars', ...lines.slice(from, to)].join('\n');
    const files = {
      train: file('train.csv', part(0, 20)),
      validation: file('val.csv', part(20, 30)),
      test: file('test.csv', part(16, 40)),
    };
    const { data, leaked } = classify({ files });
    expect(data.train.map(({ id }) => id).slice(0, 2)).toEqual(['train.1', 'train.2']);
    expect([data.train.length, data.validation.length, data.test.length, leaked]).toEqual([20, 10, 24, 4]);
  });

  it('are read to the end of each line where ends are mixed, and where returns alone are', () => {
    const whole = classify({ file: file('a.csv', good) });
    for (const text of [good.replace('\n', '\r\n'), good.replaceAll('\n', '\r')])
      expect(classify({ file: file('ends.csv', text) })).toEqual(whole);
  });

  it('may hold numbers of many digits and lists in columns that nobody asks for', () => {
    const ids = lines.map((_, i) =>
      JSON.stringify({ review: `t ${i}`, stars: i % 2, id: 0 }).replace(
        '"id":0',
        `"id":12345678901234567${i}, "more": [1]`,
      ),
    );
    expect(classify({ file: file('ids.jsonl', ids.join('\n')) }).labels).toEqual(['0', '1']);
  });

  it('of signs alone are texts of their own', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({ review: '!'.repeat(i + 1), stars: i % 2 }));
    const { data } = classify({ rows });
    expect([data.validation.length, data.test.length].every((count) => count > 0 && count < 30)).toBe(true);
  });

  it('have a hash that any change of any example changes', () => {
    const { hash } = classify({ file: file('a.csv', good) });
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(classify({ file: file('e.csv', good.replace('number 7', 'number 77')) }).hash).not.toBe(hash);
    expect(classify({ file: file('e.csv', good.replace('7",bad', '7",good')) }).hash).not.toBe(hash);
  });
});

describe('own pairs', () => {
  it('are read from named columns', () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({ from: `source ${i}`, to: `target ${i}` }));
    const { data } = generationData({ rows }, { source: 'from', target: 'to' });
    expect(data.test[0]).toEqual({
      id: expect.stringMatching(/^row\.\d+$/),
      text: expect.stringMatching(/^source/),
      target: expect.stringMatching(/^target/),
    });
    const indented = { from: '  if (a):\n', to: '    b()\n' };
    const whole = Object.values(generationData({ rows: [...rows, indented] }, { source: 'from', target: 'to' }).data);
    expect(whole.flat()).toContainEqual(expect.objectContaining({ text: indented.from, target: indented.to }));
    expect(() => generationData({ rows: [...rows, { from: 'x', to: ' ' }] }, { source: 'from', target: 'to' })).toThrow(
      'row 41, column "to": the target is missing',
    );
  });
});

/** Each: what the file holds (or the source), and the one line that names the place and the remedy. */
const bad: readonly (readonly [kind: string, make: () => Source, message: string | RegExp])[] = [
  ['no file', () => ({ file: join(folder, 'none.csv') }), 'there is no file'],
  [
    'a folder',
    () => (mkdirSync(join(folder, 'dir.csv'), { recursive: true }), { file: join(folder, 'dir.csv') }),
    'is a folder: give the path of a file in it',
  ],
  ['another ending', () => ({ file: file('x.xlsx', good) }), 'save the data as one of these'],
  ['an empty file', () => ({ file: file('x.csv', ' \n') }), 'x.csv is empty'],
  ['a header alone', () => ({ file: file('x.csv', 'review,stars\n') }), 'has a header and no rows'],
  ['UTF-16', () => ({ file: file('x.csv', Buffer.from(`\uFEFF${good}`, 'utf16le')) }), 'is UTF-16: save it as UTF-8'],
  [
    'Latin-1',
    () => ({ file: file('x.csv', Buffer.from(`${good}\ncaf\u00e9,good\nx,bad`, 'latin1')) }),
    'x.csv, line 42: bytes that are no UTF-8',
  ],
  ['a zero byte', () => ({ file: file('x.csv', `${good}\nx\0y,good`) }), 'x.csv, line 42: a zero byte'],
  ['a row too short', () => ({ file: file('x.csv', `${good}\nonly one`) }), 'x.csv, line 42: 1 cells under 2 columns'],
  [
    'a row too long',
    () => ({ file: file('x.csv', `${good}\na, b,good`) }),
    'line 42: 3 cells under 2 columns (review, stars): quote texts',
  ],
  [
    'a tab in a text',
    () => ({ file: file('x.tsv', `review\tstars\na\tb\tgood`) }),
    'line 2: 3 cells under 2 columns (review, stars): take tabs out',
  ],
  [
    'a row too short behind an empty line and a text of two lines',
    () => ({ file: file('x.csv', `review,stars\n\n"a\nb",good\n\nonly one`) }),
    'x.csv, line 6: 1 cells under 2 columns',
  ],
  [
    'a label that is missing behind a text of two lines, whose own begins there',
    () => ({ file: file('x.csv', `review,stars\r\n\r\nc,good\r\n"a\r\nb",\r\n`) }),
    'x.csv, line 4, column "stars": the label is missing',
  ],
  [
    'an open quote behind an empty line and a text of two lines',
    () => ({ file: file('x.csv', `review,stars\r\n"a\r\nb",good\r\n\r\n"never closed,good\r\nx,bad`) }),
    'x.csv, line 5: a quote is opened and never closed',
  ],
  [
    'an open quote',
    () => ({ file: file('x.csv', `${good}\n"never closed,good\nx,bad`) }),
    'x.csv, line 42: a quote is opened and never closed',
  ],
  ['a quote inside a text', () => ({ file: file('x.csv', `${good}\n"a" b,good`) }), 'write "" for a quote inside'],
  ['a huge row', () => ({ file: file('x.csv', `${good}\n${'x'.repeat(1_100_000)},good`) }), 'a row of more than 1 MB'],
  [
    'a huge JSON line',
    () => ({ file: file('x.jsonl', JSON.stringify({ review: 'x'.repeat(1_100_000) })) }),
    'x.jsonl, line 1: a row of more than 1 MB',
  ],
  ['a nameless column', () => ({ file: file('x.csv', `review,,stars\na,b,c`) }), 'line 1: column 2 has no name'],
  ['a column twice', () => ({ file: file('x.csv', `review,review,stars\na,b,c`) }), 'two columns are called "review"'],
  [
    'an unknown column',
    () => ({ file: file('x.csv', good.replace('review', 'reviews')) }),
    'no column "review" for the text: choose from reviews, stars; did you mean "reviews"?',
  ],
  [
    'a missing label',
    () => ({ file: file('x.csv', `${good}\nsome text,`) }),
    'x.csv, line 42, column "stars": the label is missing',
  ],
  [
    'a missing text',
    () => ({ file: file('x.csv', `${good}\n"  ",good`) }),
    'x.csv, line 42, column "review": the text is missing',
  ],
  [
    'one class',
    () => ({ file: file('x.csv', good.replaceAll('bad', 'good')) }),
    'has one value, "good", in all 40 rows',
  ],
  [
    'a class for every row',
    () => ({ rows: Array.from({ length: 40 }, (_, i) => ({ review: `t${i}`, stars: i })) }),
    'is it a number or a name, not a class?',
  ],
  [
    'a name twice',
    () => ({ rows: [1, 2, 1].map((id, i) => ({ review: `t${i}`, stars: i % 2, id })), id: 'id' }),
    'row 3: the name "1" is also that of row 1',
  ],
  [
    'too few rows',
    () => ({ rows: [0, 1, 0].map((stars, i) => ({ review: `t${i}`, stars })) }),
    '3 examples leave none for',
  ],
  ['a class that never trains', () => classNeverTrained(), 'no training example has the label "rare": add some'],
  [
    'numbers as classes, of which one never trains',
    () => ({ rows: lines.map((_, i) => ({ review: `t ${i}`, stars: (i - (i % 2)) / 8 + 0.01 })) }),
    /no training example has the label "[\d.]+": to learn numbers give the column as value \(--value stars\), not as/,
  ],
  [
    'numbers as classes, no two the same',
    () => ({ rows: lines.map((_, i) => ({ review: `t ${i}`, stars: i / 8 })) }),
    'column "stars" has 40 values in 40 rows: is it a number or a name, not a class? to learn numbers give the column as value (--value stars)',
  ],
  [
    'a rating that never trains',
    () => ({ rows: lines.map((_, i) => ({ review: `t ${i}`, stars: (i - (i % 2)) / 2 })) }),
    /label "\d+": add some, leave that class out, or to learn numbers give the column as value/,
  ],
  ...([';', '\t', '|'] as const).flatMap((sign) => {
    const said = `its lines look separated by ${sign === '\t' ? 'a tab' : `"${sign}"`}: save it with commas as .csv`;
    const of = (lines: readonly string[]) => () => ({ file: file('x.csv', lines.join('\n')) });
    return [
      [`columns apart by ${JSON.stringify(sign)}`, of([`review${sign}stars`, `a${sign}b`]), said],
      [`such columns and a comma in a text`, of([`review${sign}stars`, `a, b${sign}b`]), said],
      [`such columns in quotes`, of([`"review"${sign}"stars"`, `"a"${sign}"b"`]), said],
    ] as const;
  }),
  ['columns of .tsv apart by commas', () => ({ file: file('x.tsv', good) }), 'its lines look separated by ","'],
  [
    'a list in a cell',
    () => ({
      file: file('x.jsonl', '{"review": "a", "stars": 1}\n{"review": "b", "stars": 2}\n{"review": ["c"], "stars": 2}'),
    }),
    'x.jsonl, line 3, column "review": a list is no text',
  ],
  [
    'broken JSON',
    () => ({ file: file('x.jsonl', '{"review": "a", "stars": 1}\n{"review": ') }),
    'x.jsonl, line 2 is not JSON',
  ],
  [
    'a key given twice',
    () => ({
      file: file('x.jsonl', '{"review": "a {\\"stars\\":", "stars": 1, "more": {"stars": 2}, "st\\u0061rs" : 3}'),
    }),
    'x.jsonl, line 1: "stars" stands there twice: leave one of them out',
  ],
  [
    'whole numbers that are read as one',
    () => ({
      file: file('x.jsonl', '{"review": "a", "stars": 9007199254740993}\n{"review": "b", "stars": 9007199254740992}'),
    }),
    'x.jsonl, line 1, column "stars": 9007199254740992 has more digits than a number keeps',
  ],
  [
    'such a number in memory',
    () => ({ rows: [{ review: 'a', stars: 2 ** 60 }] }),
    'row 1, column "stars": 1152921504606847000 has',
  ],
  ['a JSON list', () => ({ file: file('x.jsonl', '[1, 2]') }), 'x.jsonl, line 1 is no JSON object'],
  ['NaN in memory', () => ({ rows: [{ review: 'a', stars: NaN }] }), 'row 1, column "stars": NaN is no value'],
  ['rows that are texts', () => ({ rows: ['a', 'b'] as never }), 'row 1 is "a": give each row as { column: value'],
  ['no rows', () => ({ rows: [] }), 'the rows are empty'],
  ['nothing given', () => ({}), 'by one of file, rows and files: 0 of them are given'],
  ['two things given', () => ({ rows: [], file: 'x.csv' }), 'by one of file, rows and files: 2 of them are given'],
];

function classNeverTrained(): Source {
  const part = (label: string) =>
    ['review,stars', ...lines.slice(0, 10), ...(label ? [`a rare text,${label}`] : [])].join('\n');
  return {
    files: {
      train: file('t1.csv', part('')),
      validation: file('t2.csv', part('')),
      test: file('t3.csv', part('rare')),
    },
  };
}

describe('bad data is one line with its place and the remedy', () => {
  it.each(bad)('%s', (_, make, message) => {
    let thrown: unknown;
    try {
      classify(make());
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UserError);
    const said = (thrown as UserError).message;
    expect(said).toMatch(
      message instanceof RegExp ? message : new RegExp(message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')),
    );
    expect(said).not.toContain('\n');
    expect(said).toMatch(/: /);
  });
});

describe('own numbers', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ said: `text ${i}`, stars: i / 4 - 3 }));
  it('are read with the range that is trained on', () => {
    const { data, range } = regressionData({ rows }, { text: 'said', value: 'stars' });
    const values = data.train.map(({ value }) => value);
    expect(range).toEqual([Math.min(...values), Math.max(...values)]);
    expect(data.test.every(({ value }) => rows.some(({ stars }) => stars === value))).toBe(true);
  });

  it.each([
    ['a word', 'many', /row 3, column "stars": "many" is no number/],
    ['no decimal', '0x10', /row 3, column "stars": "0x10" is no number/],
    ['nothing', '', /row 3, column "stars": the value is missing/],
  ])('are refused where a cell holds %s', (_, stars, message) => {
    const wrong = rows.map((row, i) => (i === 2 ? { ...row, stars } : row));
    expect(() => regressionData({ rows: wrong }, { text: 'said', value: 'stars' })).toThrow(message);
  });

  it('are refused where all are one', () => {
    const same = rows.map((row) => ({ ...row, stars: 2 }));
    expect(() => regressionData({ rows: same }, { text: 'said', value: 'stars' })).toThrow(/has one value, 2/);
  });
});

describe('own texts with any number of labels', () => {
  const names = ['new', 'old', 'red'];
  const rows = Array.from({ length: 60 }, (_, i) => {
    const own = names.filter((__, bit) => ((i >> bit) & 1) === 1);
    return {
      said: `text ${i}`,
      tags: own.join('; '),
      ...Object.fromEntries(names.map((n) => [n, own.includes(n) ? 1 : 0])),
    };
  });
  it('are the same from one column of names and from columns of 1 and 0', () => {
    const one = multiLabelData({ rows }, { text: 'said', labels: 'tags' });
    const many = multiLabelData({ rows }, { text: 'said', labels: names });
    expect(one).toEqual(many);
    expect(one.labels).toEqual(names);
    const counts = new Set(one.data.train.map(({ labels }) => labels.length));
    expect(counts).toEqual(new Set([0, 1, 2, 3]));
  });

  it('are refused where a cell says neither, or a label never trains', () => {
    const wrong = rows.map((row, i) => (i === 4 ? { ...row, red: 'maybe' } : row));
    expect(() => multiLabelData({ rows: wrong }, { text: 'said', labels: names })).toThrow(
      /row 5, column "red": "maybe" says neither yes nor no: write 1 or 0/,
    );
    const none = rows.map((row) => ({ ...row, red: 0 }));
    expect(() => multiLabelData({ rows: none }, { text: 'said', labels: names })).toThrow(/has the label "red"/);
  });
});

describe('own questions', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    asked: `where is ${i}?`,
    about: `The thing ${i} is in room ${i}. Room ${i} is large.`,
    answer: `room ${i}`,
    at: 0,
  }));
  const columns = { question: 'asked', context: 'about', answer: 'answer' };
  it('have their answers where they stand', () => {
    const { data } = spanData({ rows }, columns);
    const all = Object.values(data).flat();
    expect(all).toHaveLength(40);
    for (const { pair, answers } of all) expect(pair.startsWith(answers[0]!.text, answers[0]!.start)).toBe(true);
  });

  it('of one text stay in one split', () => {
    const shared = Array.from({ length: 120 }, (_, i) => ({
      ...{ asked: `what is ${i}?`, about: `Shelf ${i >> 2} holds things 0 to 119.`, answer: 'things', at: 0 },
    }));
    const { data } = spanData({ rows: shared }, columns);
    const texts = Object.values(data).map((part) => new Set(part.map(({ pair }) => pair)));
    expect(texts.reduce((sum, one) => sum + one.size, 0)).toBe(30);
  });

  it('are refused where the answer stands elsewhere', () => {
    const wrong = rows.map((row, i) => (i === 1 ? { ...row, answer: 'cellar' } : row));
    expect(() => spanData({ rows: wrong }, columns)).toThrow(
      /row 2, column "answer": "cellar" does not stand in the text: give the answer as it is written there/,
    );
    expect(() => spanData({ rows }, { ...columns, start: 'at' })).toThrow(/row 1, .*does not stand in the text at 0/);
    const emoji = rows.map((row, i) => ({ ...row, about: `\u{1F600}\u{1F600} ${row.about}`, at: i === 1 ? 21 : 23 }));
    expect(() => spanData({ rows: emoji.slice(0, 2) }, { ...columns, start: 'at' })).toThrow(
      /row 2, .*"room 1" does not stand in the text at 21: it does in code points, as Python counts; .*: write 23$/,
    );
    const between = rows.map(({ about, answer, ...row }) => ({
      ...{ ...row, about, answer },
      at: about.indexOf(answer) + 0.5,
    }));
    expect(() => spanData({ rows: between }, { ...columns, start: 'at' })).toThrow(/row 1, .*\.5" is no place/);
  });
});
