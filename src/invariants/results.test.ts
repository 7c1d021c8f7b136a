import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pairedBootstrap } from '../experiments/statistics/bootstrap';
import { executeRun, StoppedError, type PlannedRun } from '../experiments/runner/execute';
import { toyTools } from '../experiments/fixtures/tools';
import { readRows, rowsOfRuns } from '../experiments/store/rows';
import { runPath, runSpec } from '../experiments/store/spec';
import { deviation, mean, meanInterval } from '../experiments/statistics/statistics';
import { scoreTable } from '../plots/score-table';
import { summarise } from '../plots/summary';
import { projectRoot } from '../project';
import { hasDebianIndex } from '../tasks/debian';
import { fetchPackages } from '../tasks/fetch';
import { bleu } from '../tasks/metrics/bleu';
import { accuracy, f1, macroF1 } from '../tasks/metrics/classification';
import { perplexity } from '../tasks/metrics/perplexity';
import { rouge } from '../tasks/metrics/rouge';
import { newsLead } from '../tasks/shipped/news-lead';
import { sentiment } from '../tasks/shipped/sentiment';
import { splitOf } from '../tasks/split';
import { synopsis } from '../tasks/shipped/synopsis';
import { invariant } from './testing/catalogue';

let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-results-'));
});
afterEach(() => {
  rmSync(results, { recursive: true });
});

const planned = (method: string, seed: number): PlannedRun => ({
  label: method,
  spec: runSpec({ study: 'toy', method, seed, training: { scored: { validation: 'all', test: 4 } } }),
});
const methods = ['lora:r=2', 'prefix:l=3', 'houlsby:m=4'];
const options = () => ({ engine: 'compiled', report: () => undefined, results }) as const;

/** Every method with three seeds. */
async function study(): Promise<void> {
  for (const method of methods)
    for (const seed of [1, 2, 3]) await executeRun(planned(method, seed), toyTools, options());
}

invariant(47, () => {
  it('a number in a table follows its files', async () => {
    await study();
    const before = scoreTable(readRows('toy', 'quick', results)).rows;
    expect(before.map(([label]) => label).sort()).toEqual([...methods].sort());
    const path = runPath(planned('lora:r=2', 1).spec, results);
    const text = readFileSync(path, 'utf8');
    const bare = text.replace(/,"checksum":"\w+"/, '').replace('"perExample":[1,0,1,0]', '"perExample":[1,1,1,0.5]');
    writeFileSync(path, bare.replace(/"score":[\d.]+(?=,"loss":0\.5)/, '"score":0.875'));
    expect(readFileSync(path, 'utf8')).not.toBe(text);
    const rows = readRows('toy', 'quick', results);
    const scores = rows.filter(({ method }) => method === 'lora:r=2').map(({ score }) => score);
    expect(scores).toContain(0.875);
    const summary = summarise(rows).find(({ method }) => method === 'lora:r=2');
    expect(summary?.mean).toBeCloseTo(scores.reduce((a, b) => a + b, 0) / 3, 12);
    const after = scoreTable(rows).rows;
    expect(after.filter((row, i) => row.join() !== before[i]?.join()).map(([label]) => label)).toEqual(['lora:r=2']);
  });
});

invariant(48, () => {
  it.each([
    ['fails', { ...toyTools, train: () => Promise.reject(new Error('out of memory')) }, /out of memory/],
    [
      'diverges',
      {
        ...toyTools,
        train: async (...call: Parameters<typeof toyTools.train>) => ({
          ...(await toyTools.train(...call)),
          loss: NaN,
          score: NaN,
        }),
      },
      /learning rate/,
    ],
  ] as const)('a run that %s', async (_, tools, message) => {
    await study();
    const before = scoreTable(readRows('toy', 'quick', results));
    await expect(executeRun(planned('vera:r=4', 1), tools, options())).rejects.toThrow(message);
    expect(rowsOfRuns([planned('vera:r=4', 1).spec], results)).toEqual([]);
    expect(scoreTable(readRows('toy', 'quick', results))).toEqual(before);
  });

  it('a run that is stopped, and one whose file was cut', async () => {
    await expect(executeRun(planned('lora:r=2', 1), toyTools, { ...options(), report: () => 'stop' })).rejects.toThrow(
      StoppedError,
    );
    await study();
    const path = runPath(planned('lora:r=2', 1).spec, results);
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(0, -2).join('\n'));
    expect(
      readRows('toy', 'quick', results)
        .filter(({ method }) => method === 'lora:r=2')
        .map(({ seed }) => seed),
    ).toEqual([2, 3]);
    expect(readdirSync(dirname(path)).length).toBe(9);
  });
});

interface Pairs {
  readonly cases: readonly {
    readonly hypotheses: readonly string[];
    readonly references: readonly string[];
    readonly scores: Readonly<Record<'bleu' | 'rouge1' | 'rouge2' | 'rougeLsum', number>>;
  }[];
}

invariant(49, () => {
  const { cases } = JSON.parse(
    readFileSync(join(projectRoot(), 'scripts', 'fixtures', 'generation-metrics.json'), 'utf8'),
  ) as Pairs;
  it.each(cases)(
    'ROUGE and BLEU as rouge_score and sacrebleu have them, case %#',
    ({ hypotheses, references, scores }) => {
      expect(bleu(hypotheses, references)).toBeCloseTo(scores.bleu, 10);
      for (const name of ['rouge1', 'rouge2', 'rougeLsum'] as const)
        expect(rouge(hypotheses, references)[name]).toBeCloseTo(scores[name], 12);
    },
  );

  it('accuracy and F1 as scikit-learn has them, perplexity by its definition', () => {
    const [predicted, labels] = [
      [0, 1, 2, 2, 1, 0, 2, 1],
      [0, 1, 1, 2, 1, 2, 2, 0],
    ];
    expect(accuracy(predicted, labels)).toBeCloseTo(0.625, 14); // accuracy_score
    expect(macroF1(predicted, labels)).toBeCloseTo(0.611111111111111, 12); // f1_score(average='macro'): 1/2, 2/3, 2/3
    expect(f1([1, 0, 1, 1], [1, 1, 0, 1])).toBeCloseTo(2 / 3, 14);
    expect(perplexity([Math.log(8), Math.log(2)], [1, 1])).toBeCloseTo(4, 12);
  });
});

invariant(50, () => {
  it('mean, deviation and interval of 1, 2, 4, 8, 16', () => {
    const values = [1, 2, 4, 8, 16];
    expect([mean(values), deviation(values)]).toEqual([6.2, expect.closeTo(6.099180272790763, 12)]); // numpy.std(ddof=1)
    const { low, high } = meanInterval(values); // 6.2 +- 2.7764451 * 6.0991803 / sqrt(5)
    expect([low, high]).toEqual([expect.closeTo(-1.3731, 3), expect.closeTo(13.7731, 3)]);
  });

  it('a paired test sees a difference that is there in every pair, and none where signs cancel', () => {
    const clear = pairedBootstrap([
      [0.2, 0.3, 0.25, 0.1, 0.3, 0.2],
      [0.3, 0.1, 0.2, 0.25, 0.3, 0.15],
    ]);
    expect(clear.gap).toBeCloseTo(0.2208333, 6);
    expect(clear.p).toBeLessThan(0.01);
    const none = pairedBootstrap([[1, -1, 1, -1, 1, -1]]);
    expect([none.gap, none.p > 0.9]).toEqual([0, true]);
  });
});

invariant(51, () => {
  // Debian's index needs apt; news-lead takes its place without.
  it.each([sentiment, hasDebianIndex() ? synopsis : newsLead].map((task) => [task.name, task] as const))(
    '%s: splits share no id and no text',
    async (_, task) => {
      await fetchPackages(task.packages);
      const { train, validation, test } = await task.load();
      const keys = [train, validation, test].map(
        (examples) =>
          new Set(
            (examples as readonly { readonly id: string }[]).flatMap((example) => {
              const { id, ...rest } = example;
              return [id, JSON.stringify(rest)];
            }),
          ),
      );
      for (const [i, j] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const)
        expect([...(keys[i] as Set<string>)].filter((key) => keys[j]?.has(key))).toEqual([]);
      expect(Math.min(train.length, validation.length, test.length)).toBeGreaterThan(100);
    },
    120_000,
  );

  it('a group falls into one split by its hash, two in ten into test and one into validation', () => {
    const all = Array.from({ length: 5000 }, (_, i) => splitOf(`group ${i}`));
    expect(splitOf('group 7')).toBe(splitOf('group 7'));
    expect(all.filter((split) => split === 'test').length / 5000).toBeCloseTo(0.2, 1);
    expect(all.filter((split) => split === 'validation').length / 5000).toBeCloseTo(0.1, 1);
  });

  it('a run that selects is scored on nothing of test, and is no row of results', async () => {
    const trial = {
      label: 'trial',
      spec: runSpec({
        study: 'toy',
        method: 'lora:r=2',
        seed: 9,
        training: { scored: { validation: 'all', test: 0 } },
      }),
    };
    const { final } = await executeRun(trial, toyTools, options());
    expect(final.perExample).toEqual([]);
    expect(readRows('toy', 'quick', results)).toEqual([]);
  });
});
