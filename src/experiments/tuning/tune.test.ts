import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { projectRoot } from '../../project';
import { compareWith } from '../statistics/compare';
import { executeRun } from '../runner/execute';
import { toyTools } from '../fixtures/tools';
import { forkWorker } from '../runner/process';
import { progressTable } from '../runner/progress';
import { unsealed } from '../../seal';
import { runSpec } from '../store/spec';
import { blocks } from '../studies/blocks';
import type { Study, Tunable } from '../studies/study';
import { tunables } from '../studies/tunables';
import { trialOf, trialsOf } from './candidates';
import { joined, untuned, writeTuning } from './table';
import { onlyFamily, tune } from './tune';
import { bestOf, logSpaced, rangeOf, readTuning, tunedRate, type TuningTable } from './tuned';

let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-tune-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

const toy: Study = {
  name: 'toy',
  tier: 'quick',
  title: 'toy',
  source: '',
  rows: [],
  notebook: '',
  reference: 'full',
  variants: ['lora:r=4', 'bitfit'].map((method) => ({
    name: method,
    label: method,
    runs: [1, 2].map((seed) =>
      runSpec({ study: 'toy', method, seed, training: { scored: { validation: 4, test: 4 } } }),
    ),
  })),
};

const tunable: Tunable = {
  name: 'toy',
  families: ['lora:r=4', 'bitfit'].map((method) => ({
    name: method.split(':')[0]!,
    label: method,
    base: runSpec({ study: 'toy', method }),
  })),
};

describe('tuning', () => {
  const options = (behaviour: string) =>
    ({
      workers: 1,
      engine: 'compiled',
      results,
      progress: progressTable({ write: () => undefined, columns: 0 }),
      launch: () => forkWorker(join(projectRoot(), 'src', 'experiments', 'fixtures', 'toy-worker.cjs'), [behaviour]),
    }) as const;

  it('tries four rates a family and goes on beyond an edge, counting each trial', async () => {
    // The made-up validation loss grows with the rate, so the optimum lies on the lower edge as long as there is one.
    const { table } = await tune(tunable, options(''));
    expect(
      table?.families.map(({ family, chosen, trials }) => [family, chosen, trials.map(({ rate }) => rate)]),
    ).toEqual([
      ['lora', 0.0000032, [0.0000032, 0.00001, 0.000032, 0.0001, 0.00031, 0.00097, 0.003]],
      ['bitfit', 0.000032, [0.000032, 0.0001, 0.00032, 0.001, 0.0031, 0.0097, 0.03]],
    ]);
  });

  it('trains each trial once, also when it is made again', async () => {
    vi.stubEnv('TOY_LOG', join(results, 'log.txt'));
    const { table: first } = await tune(tunable, options(''));
    const { table, reports } = await tune(tunable, { ...options(''), again: true });
    vi.unstubAllEnvs();
    const rates = (of: TuningTable | undefined) => of?.families.map(({ trials }) => trials.map(({ rate }) => rate));
    expect(rates(table)).toEqual(rates(first));
    expect(reports.map(({ finished }) => finished)).toEqual([8, 2, 2, 2]);
    expect(readFileSync(join(results, 'log.txt'), 'utf8').trim().split('\n')).toHaveLength(2 * 14);
  });

  describe('by rungs', () => {
    const rungs = [
      { share: 0.25, seeds: [101], keep: Infinity, validation: 8 },
      { share: 1, seeds: [101, 102], keep: 2, validation: 16 },
    ];
    const [lora] = tunable.families;
    const base = runSpec({ ...lora!.base, training: { ...lora!.base.training, examples: 256 } });
    const family = { ...lora!, base, methods: ['lora:r=4', 'lora:r=4,s=4'] };

    it('lets the best go on, longer and with more seeds', async () => {
      const { table, reports } = await tune({ name: 'toy', families: [family], rungs }, options('valley'));
      const [found] = table!.families;
      // The made-up loss is lowest at a rate of 0.0005 and a scale of 4.
      expect(found).toMatchObject({ method: 'lora:r=4,s=4', chosen: 0.00031, seeds: 2 });
      const [short, long] = [1, 2].map((seeds) => found!.trials.filter((trial) => trial.seeds === seeds));
      expect(short!.map(({ method, rate }) => [method, rate])).toEqual(
        family.methods.flatMap((method) => logSpaced(rangeOf('lora'), 4).map((rate) => [method, rate])),
      );
      expect(long!.map(({ method, rate }) => [method, rate])).toEqual([
        ['lora:r=4,s=4', 0.00031],
        ['lora:r=4,s=4', 0.00097],
      ]);
      expect(reports.map(({ finished }) => finished)).toEqual([8, 4]);
    });

    it('gives no loss to a rate at which one of the seeds diverges', async () => {
      const plan = { name: 'toy', families: [{ ...family, methods: ['lora:r=4,s=4'] }], rungs };
      const { table } = await tune(plan, options('valley with a cliff'));
      const [found] = table!.families;
      expect(found!.chosen).toBe(0.00097);
      expect(found!.trials.find(({ rate, seeds }) => rate === 0.00031 && seeds === 2)?.loss).toBeNull();
    });
  });

  it('takes a trial that stopped early for as long as it was to be', async () => {
    const family = { ...tunable.families[0]!, tried: [] };
    const [candidate, rung] = [
      { method: 'lora:r=4', rate: 1e-3 },
      { share: 1, seeds: [101], keep: 1, validation: 8 },
    ];
    const early = {
      ...toyTools,
      train: async (...args: Parameters<typeof toyTools.train>) => ({ ...(await toyTools.train(...args)), steps: 2 }),
    };
    for (const run of trialsOf(family, candidate, rung))
      await executeRun(run, early, { engine: 'compiled', report: () => undefined, results });
    expect(trialOf(family, candidate, rung, results)).toMatchObject({ steps: 3, loss: 0.401 });
  });

  it('gives no table while a trial is missing', async () => {
    const { table, reports } = await tune(onlyFamily(tunable, 'lora'), options('die'));
    expect(table).toBeUndefined();
    expect(reports[0]?.failed.length).toBeGreaterThan(0);
  });

  it('tunes one family alone and keeps what was tuned before', async () => {
    const [first, second] = await Promise.all(
      ['lora', 'bitfit'].map(async (name) => (await tune(onlyFamily(tunable, name), options(''))).table),
    );
    expect(first?.families.map(({ family }) => family)).toEqual(['lora']);
    expect(joined(second!, first, tunable).families.map(({ family }) => family)).toEqual(['lora', 'bitfit']);
    expect(
      joined(second!, { ...second!, families: [{ ...second!.families[0]!, chosen: 9 }] }, tunable).families[0]?.chosen,
    ).toBe(second!.families[0]?.chosen);
    expect(untuned(tunable, first).map(({ name }) => name)).toEqual(['bitfit']);
    const taught = tunable.families.map(({ base, ...one }) => ({
      ...one,
      base: { ...base, training: { ...base.training, teacher: 'other@000000000001' } },
    }));
    const elsewhere = untuned({ ...tunable, families: taught }, joined(second!, first, tunable));
    expect(elsewhere.map(({ name }) => name)).toEqual(['lora', 'bitfit']); // found on other texts
    expect(() => onlyFamily(tunable, 'nothing')).toThrow('toy has no family "nothing": choose from lora, bitfit');
  });

  it('chooses the lowest validation loss and no trial that diverged', () => {
    expect(
      bestOf([
        { rate: 1, loss: null, score: null, seconds: 1 },
        { rate: 2, loss: 0.4, score: 0.1, seconds: 1 },
        { rate: 3, loss: 0.5, score: 0.9, seconds: 1 },
      ]).rate,
    ).toBe(2);
  });

  it('chooses none that diverged, whatever length it was to have, but where all did', () => {
    const [diverged, ended] = [
      { rate: 1, loss: null, steps: 157 },
      { rate: 2, loss: 0.4, steps: 32 },
    ];
    expect(bestOf([diverged, ended]).rate).toBe(2);
    expect(bestOf([diverged]).rate).toBe(1);
  });

  it('spaces rates evenly in logarithms', () => {
    expect(logSpaced(rangeOf('full'), 4)).toEqual([0.00001, 0.000031, 0.000097, 0.0003]);
  });
});

describe('the committed tuning tables', () => {
  it('are looked up under what can be tuned', () => {
    expect(Object.keys(tunables)).toEqual(expect.arrayContaining(blocks.map(({ tuning }) => tuning)));
  });

  it.each(Object.keys(tunables).filter((name) => readTuning(name) !== undefined))(
    'of %s hold the same number of trials for every family and their best rate',
    (name) => {
      const table = readTuning(name);
      const known = tunables[name]!().families.map((family) => family.name);
      expect(table?.families.map(({ family }) => family)).toEqual(
        known.filter((one) => table?.families.some(({ family }) => family === one)),
      );
      for (const { family, trials, chosen, steps } of table!.families) {
        expect(trials.length, family).toBeGreaterThanOrEqual(4);
        expect(trials.map(({ rate }) => rate)).toEqual(expect.arrayContaining([...logSpaced(rangeOf(family), 4)]));
        const rates = trials.map(({ rate }) => rate);
        if (steps !== undefined) expect(Math.min(...rates) < chosen && chosen < Math.max(...rates), family).toBe(true);
        expect(bestOf(trials).rate).toBe(chosen);
        expect(tunedRate(name, family)).toBe(chosen);
      }
    },
  );
});

describe('a tuning table', () => {
  const table = readTuning('synopsis')!;
  const path = (): string => join(results, 'synopsis.json');

  it('is read back as it was written, with a checksum', () => {
    writeTuning(table, path());
    expect(readTuning('synopsis', path())).toEqual(table);
  });

  it.each([
    ['an edited rate', (text: string) => text.replace('"rate":0.0003,', '"rate":0.0004,'), 'its checksum does not fit'],
    ['a lost comma', (text: string) => unsealed(text)!.replace(',', ''), 'it is not JSON'],
    [
      'no trials',
      (text: string) => unsealed(text)!.replace(/"trials": \[[^\]]*\]/, '"trials": []'),
      'families.0.trials',
    ],
    [
      'another choice',
      (text: string) => unsealed(text)!.replace('"chosen":0.0003', '"chosen":0.00093'),
      'the rate chosen for full is not that of its best trial',
    ],
    ['null', () => 'null', 'it should be Object, not null'],
  ])('with %s is named and counts as never made', (what, damage, reason) => {
    const said = vi.spyOn(console, 'error').mockReturnValue();
    const own = join(results, `${what}.json`);
    writeTuning(table, own);
    writeFileSync(own, damage(readFileSync(own, 'utf8')));
    expect(readTuning('synopsis', own)).toBeUndefined();
    expect(said.mock.calls).toEqual([[expect.stringContaining(reason)]]);
    expect(said.mock.calls[0]![0]).toContain('npx petl tune synopsis');
    said.mockRestore();
  });
});

describe('comparisons', () => {
  it('pair runs by seed and example', async () => {
    const better = {
      ...toyTools,
      train: async (...args: Parameters<typeof toyTools.train>) => ({
        ...(await toyTools.train(...args)),
        perExample: [1, 1, 1, 1],
        score: 1,
      }),
    };
    for (const { runs, label } of toy.variants)
      for (const spec of runs)
        await executeRun({ spec, label }, label === 'bitfit' ? better : toyTools, {
          engine: 'compiled',
          report: () => undefined,
          results,
        });
    const [only, ...more] = compareWith(toy, 'lora:r=4', { results });
    expect(more).toEqual([]);
    expect(only).toMatchObject({ first: 'bitfit', second: 'lora:r=4', gap: 0.5, seeds: 2, examples: 4 });
    expect(compareWith(toy, 'lora:r=4', { results: join(results, 'nothing') })).toEqual([]);
  });
});
