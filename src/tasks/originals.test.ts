import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cola } from './shipped/cola';
import { mnli } from './shipped/mnli';
import { mrpc } from './shipped/mrpc';
import { qnli } from './shipped/qnli';
import { qqp } from './shipped/qqp';
import { rte } from './shipped/rte';
import { squad } from './shipped/squad';
import { sst2 } from './shipped/sst2';
import { stsb } from './shipped/stsb';
import { wmt16 } from './shipped/wmt16-en-ro';
import { wnli } from './shipped/wnli';
import { xsum } from './shipped/xsum';

let folder: string;
beforeEach(() => {
  process.env['PETL_ORIGINALS'] = folder = mkdtempSync(join(tmpdir(), 'petl-originals-'));
});
afterEach(() => {
  delete process.env['PETL_ORIGINALS'];
  rmSync(folder, { recursive: true, force: true });
});

function put(path: string, lines: readonly (string | object)[]): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(
    join(folder, path),
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
}

describe("the papers' own data sets", () => {
  const all = [sst2, mnli, cola, mrpc, stsb, qqp, qnli, rte, wnli, squad, xsum, wmt16];
  it.each(all.map((task) => [task.name, task] as const))(
    '%s says what to put where when it is not here',
    async (name, task) => {
      await expect(task.load()).rejects.toThrow(
        new RegExp(
          `task "${name}" reads .*, which is not here: put train\\.\\{jsonl,tsv\\}, .* into .*${name} \\(docs`,
        ),
      );
    },
  );

  it("sst2 comes from the hub's lines or from GLUE's table, scored on its validation file", async () => {
    put('sst2/train.tsv', ['sentence\tlabel', ...Array.from({ length: 30 }, (_, i) => `text ${i}\t${i % 2}`)]);
    put('sst2/validation.jsonl', [{ idx: 0, sentence: 'fine film ', label: 1 }]);
    const { train, validation, test } = await sst2.load();
    expect([train.length, validation.length]).toEqual([27, 3]);
    expect(new Set([...train, ...validation].map(({ id }) => id)).size).toBe(30);
    expect(test).toEqual([{ id: 'validation.1', text: 'fine film', pair: null, label: 1 }]);
    expect(await sst2.load()).toEqual({ train, validation, test });
  });

  it('mnli reads pairs with labels by number or name', async () => {
    put('mnli/train.jsonl', [{ premise: 'a', hypothesis: 'b', label: 2 }]);
    put('mnli/validation_matched.tsv', ['sentence1\tsentence2\tgold_label', 'c\td\tneutral']);
    expect(await mnli.load()).toEqual({
      train: [{ id: 'train.1', text: 'a', pair: 'b', label: 2 }],
      validation: [],
      test: [{ id: 'validation_matched.1', text: 'c', pair: 'd', label: 1 }],
    });
  });

  it.each([
    [cola, { sentence: 'a', label: 1 }, { text: 'a', pair: null, label: 1 }, 'matthews'],
    [mrpc, { sentence1: 'a', sentence2: 'b', label: 0 }, { text: 'a', pair: 'b', label: 0 }, 'f1'],
    [mrpc, { '#1 String': 'a', '#2 String': 'b', Quality: '1' }, { text: 'a', pair: 'b', label: 1 }, 'f1'],
    [stsb, { sentence1: 'a', sentence2: 'b', label: 3.8 }, { text: 'a', pair: 'b', value: 3.8 }, 'spearman'],
    [qqp, { question1: 'a', question2: 'b', is_duplicate: '1' }, { text: 'a', pair: 'b', label: 1 }, 'f1'],
    [qnli, { question: 'a', sentence: 'b', label: 'not_entailment' }, { text: 'a', pair: 'b', label: 1 }, 'accuracy'],
    [rte, { sentence1: 'a', sentence2: 'b', label: 0 }, { text: 'a', pair: 'b', label: 0 }, 'accuracy'],
    [wnli, { sentence1: 'a', sentence2: 'b', label: 1 }, { text: 'a', pair: 'b', label: 1 }, 'accuracy'],
  ] as const)('%o reads its rows and is scored as GLUE scores it', async (task, row, example, metric) => {
    put(`${task.name}/train.jsonl`, [row]);
    put(`${task.name}/validation.jsonl`, [row]);
    expect((await task.load()).test).toEqual([{ id: 'validation.1', ...example }]);
    expect(task.metric).toBe(metric);
    expect(task.pairs ?? false).toBe(example.pair !== null);
  });

  it('stsb refuses what is no number', async () => {
    put('stsb/train.jsonl', [{ sentence1: 'a', sentence2: 'b', label: '' }]);
    await expect(stsb.load()).rejects.toThrow(/example train\.1: "" is no number/);
  });

  it('squad reads answers with their places, counted in letters, and holds paragraphs out whole', async () => {
    const row = (context: string, text: string, start: number) => ({
      ...{ id: 'x', title: 't', context, question: 'who? ', answers: { text: [text], answer_start: [start] } },
    });
    put(
      'squad/train.jsonl',
      Array.from({ length: 40 }, (_, i) => row(`paragraph ${i >> 2} by Ann`, 'Ann', 15)),
    );
    put('squad/validation.jsonl', [row(' \u{1F600} says Ann', 'Ann', 8)]);
    const { train, validation, test } = await squad.load();
    expect(test[0]).toMatchObject({ text: 'who?', answers: [{ text: 'Ann', start: 9 }] });
    expect(test[0]!.pair.startsWith('Ann', 9)).toBe(true);
    expect([train.length, validation.length]).toEqual([36, 4]);
    expect(new Set(validation.map(({ pair }) => pair)).size).toBe(1);
    put('squad/validation.jsonl', [{ question: 'q', context: 'c', answers: { text: [], answer_start: [] } }]);
    await expect(squad.load()).rejects.toThrow(/example validation\.1: its answers /);
  });

  it('xsum and wmt16 read sources and targets', async () => {
    for (const split of ['train', 'validation', 'test']) {
      put(`xsum/${split}.jsonl`, [{ document: 'long', summary: 'short', id: '7' }]);
      put(`wmt16-en-ro/${split}.jsonl`, [{ translation: { en: 'yes', ro: 'da' } }, { en: 'no', ro: 'nu' }]);
    }
    expect((await xsum.load()).test).toEqual([{ id: 'test.1', text: 'long', target: 'short' }]);
    expect((await wmt16.load()).test.map(({ text, target }) => [text, target])).toEqual([
      ['yes', 'da'],
      ['no', 'nu'],
    ]);
  });

  it.each([
    ['a line that is no JSON', '{"premise": ', /train\.jsonl, line 1 is not JSON/],
    [
      'a missing field',
      { premise: 'a', label: 0 },
      /example train\.1 has no field hypothesis or sentence2 \(it has premise, label\)/,
    ],
    [
      'a hidden label',
      { premise: 'a', hypothesis: 'b', label: -1 },
      /has label "-1": labels are entailment, neutral, contradiction/,
    ],
    ['an empty label', { premise: 'a', hypothesis: 'b', label: '' }, /example train\.1 has label ""/],
    ['a label of blanks', { premise: 'a', hypothesis: 'b', label: ' ' }, /example train\.1 has label ""/],
    ['a label that is no decimal', { premise: 'a', hypothesis: 'b', label: '0x1' }, /example train\.1 has label "0x1"/],
    ['a label with an exponent', { premise: 'a', hypothesis: 'b', label: '1e0' }, /example train\.1 has label "1e0"/],
  ])('refuse %s', async (_, line, message) => {
    put('mnli/train.jsonl', [line]);
    await expect(mnli.load()).rejects.toThrow(message);
  });

  it.each([
    ['too few cells', 'a\t1', /train\.tsv, line 3: 2 cells under 3 columns \(sentence1, sentence2, label\)/],
    ['too many cells', 'a\tb\tc\t1', /train\.tsv, line 3: 4 cells under 3 columns/],
    ['a tab at the end in place of a label', 'a\tb\t', /has label ""/],
  ])('a table is refused with a line of %s', async (_, line, message) => {
    put('rte/train.tsv', ['sentence1\tsentence2\tlabel', 'a\tb\t1', line]);
    put('rte/validation.tsv', ['sentence1\tsentence2\tlabel', 'a\tb\t1']);
    await expect(rte.load()).rejects.toThrow(message);
  });

  it('a table with two columns of one name is refused', async () => {
    put('rte/train.tsv', ['sentence1\tsentence2\tlabel\tlabel', 'a\tb\t1\t0']);
    await expect(rte.load()).rejects.toThrow(/train\.tsv, line 1: two columns are called "label"/);
  });

  it.each([
    ['0x1', /"0x1" is no number/],
    ['-1', /has the value -1: values are 0 to 5/],
  ])('stsb refuses the value %s', async (label, message) => {
    put('stsb/train.jsonl', [{ sentence1: 'a', sentence2: 'b', label }]);
    await expect(stsb.load()).rejects.toThrow(message);
  });

  it('squad refuses answers without a place each', async () => {
    const answers = { text: ['a', 'context'], answer_start: [0] };
    put('squad/train.jsonl', [{ question: 'q', context: 'a context', answers }]);
    await expect(squad.load()).rejects.toThrow(/example train\.1: its answers should be of a place for each text/);
  });
});
