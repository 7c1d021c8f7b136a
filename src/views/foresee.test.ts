import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { scoredOutcome, toyOutcome, toyTools } from '../experiments/fixtures/tools';
import { executeRun, type Tools } from '../experiments/runner/execute';
import { crossed, leastGap } from '../experiments/statistics/crossed';
import { runSpec, type RunFields } from '../experiments/store/spec';
import type { Study } from '../experiments/studies/study';
import { plan } from './foresee';

let results = '';
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-foresee-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

/** Variants by label, their runs one for each test set, from seed 1 on. */
function studyOf(variants: Readonly<Record<string, Omit<RunFields, 'study'>>>, scored = [4, 4, 4]): Study {
  return {
    ...{ name: 'toy', tier: 'full', title: '', source: 'own', rows: [], notebook: '', reference: 'full' },
    variants: Object.entries(variants).map(([label, fields]) => ({
      name: label,
      label,
      runs: scored.map((test, i) =>
        runSpec({
          ...{ study: 'toy', tier: 'full', seed: i + 1, ...fields },
          training: { ...fields.training, scored: { validation: 4, test } },
        }),
      ),
    })),
  };
}

async function finish({ variants }: Study, tools: Tools = toyTools): Promise<void> {
  for (const { runs, label } of variants)
    for (const spec of runs)
      await executeRun({ spec, label }, tools, { engine: 'eager', report: () => undefined, results });
}

it('judges what could be seen by runs that were scored on the same examples', async () => {
  const study = studyOf({ head: { method: 'head' }, bitfit: { method: 'bitfit' } }, [4, 4, 6]);
  await finish(study);
  expect(plan(study, results)).toMatchObject({ runs: 6, finished: 6, leastGap: 0, by: 'as head and bitfit varied' });
});

it('tells variants apart by all their settings, not by their methods alone', async () => {
  const at = (learningRate: number): Omit<RunFields, 'study'> => ({ method: 'head', training: { learningRate } });
  const scores = (rate: number, seed: number): readonly number[] =>
    [0.9, 0.5, 0.7, 0.1 * seed].map((one) => one - rate);
  const study = studyOf({ slow: at(0.001), fast: at(0.3), fastest: at(0.7) });
  await finish(study, {
    ...toyTools,
    train: async ({ seed, training: { learningRate } }) =>
      await Promise.resolve(
        scoredOutcome(toyOutcome(seed), scores(seed === 2 ? learningRate / 2 : learningRate, seed)),
      ),
  });
  const differences = [1, 2, 3].map((seed) =>
    [0, 1, 2, 3].map((i) => {
      const of = (rate: number): number => scores(seed === 2 ? rate / 2 : rate, seed)[i] ?? Number.NaN;
      return of(0.001) - of(0.3);
    }),
  );
  const found = plan(study, results);
  expect(found.by).toBe('as slow and fast varied');
  expect(found.leastGap).toBeCloseTo(leastGap(crossed(differences)), 12);
});

it('judges no task by the scores of another', async () => {
  await finish(studyOf({ head: { method: 'head' }, bitfit: { method: 'bitfit' } }));
  const other = (task: string): Study =>
    studyOf({ lora: { method: 'lora:r=8', task }, wide: { method: 'lora:r=16', task } });
  expect(plan(other('sentiment'), results)).toMatchObject({
    finished: 0,
    leastGap: 0,
    by: 'as bitfit and head varied',
  });
  const { hours, ...unknown } = plan(other('synopsis'), results);
  expect(hours).toBeGreaterThan(0);
  expect(unknown).toMatchObject({
    leastGap: null,
    by: 'two finished variants of synopsis, with two seeds each, would tell',
  });
});
