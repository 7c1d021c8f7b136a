import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executeRun, type Tools } from './execute';
import { scoredOutcome, toyTools } from '../fixtures/tools';
import { readRun } from '../store/read';
import type { RunRecord } from '../store/record';
import { repeatAt, repeatOf, repeats, repeatsFolder } from './repeat';
import { runPath, runSpec } from '../store/spec';
import { predictionInterval } from '../statistics/statistics';

const specs = [1, 2, 3].map((seed) =>
  runSpec({ study: 'toy', method: 'lora:r=4', tier: 'full', seed, training: { scored: { validation: 4, test: 4 } } }),
);
const [spec, second] = specs as [(typeof specs)[0] & object, (typeof specs)[0] & object];
let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-repeat-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

const scoring = (score: number): Tools => ({
  ...toyTools,
  train: async (job, report) => scoredOutcome(await toyTools.train(job, report), [score]),
});
const execute = async (run: typeof spec, score: number, folder: string): Promise<RunRecord> =>
  await executeRun({ spec: run, label: 'LoRA r=4' }, scoring(score), {
    engine: 'compiled',
    report: () => undefined,
    results: folder,
  });

/** Three recorded seeds, and one of another rate that is none of them. */
async function record(scores: readonly number[] = [0.8, 0.81, 0.83]): Promise<void> {
  for (const [i, score] of scores.entries()) await execute(specs[i]!, score, results);
  await execute({ ...spec, seed: 7, training: { ...spec.training, learningRate: 0.5 } }, 0.1, results);
}

describe('a run repeated with its seed', () => {
  it.each([
    [0.81005, true],
    [0.8102, false],
    [0.8098, false],
  ])('%f beside 0.81 holds: %s', async (score, held) => {
    await record();
    await execute(second, score, repeatsFolder(results));
    expect(repeats('full', results)).toEqual([
      { label: 'LoRA r=4', spec: second, metric: 'accuracy', score, recorded: 0.81, interval: null, held },
    ]);
    expect(repeatAt(second, results)).toEqual(repeats('full', results));
  });

  it('leaves the record as it was', async () => {
    await record();
    await execute(second, 0.5, repeatsFolder(results));
    expect(readRun(runPath(second, results))).toMatchObject({ kind: 'finished', record: { final: { score: 0.81 } } });
  });
});

describe('a run repeated with a new seed', () => {
  const fresh = { ...spec, seed: 4 };

  it('is judged by the interval of the recorded seeds alone', async () => {
    await record();
    await execute(fresh, 0.82, repeatsFolder(results));
    expect(repeats('full', results)).toMatchObject([
      { score: 0.82, recorded: null, interval: predictionInterval([0.8, 0.81, 0.83]), held: true },
    ]);
    await execute(fresh, 0.9, repeatsFolder(results));
    expect(repeats('full', results)).toMatchObject([{ score: 0.9, held: false }]);
  });

  it('is planned under the same settings, and refused while two seeds are recorded', async () => {
    await record([0.8, 0.81]);
    const stored = await execute(spec, 0.8, results);
    expect(() => repeatOf(stored, { seed: 4, results })).toThrow(
      'has 2 recorded seeds, and an interval for seed 4 needs 3: npx petl study toy --tier full',
    );
    const own = { ...stored, run: { ...stored.run, spec: { ...spec, study: 'own/toy' } } };
    expect(() => repeatOf(own, { seed: 4, results })).toThrow('needs 3: run petl ablate or the study that made it');
    expect(repeatOf(stored, { results })).toEqual({ spec, label: 'LoRA r=4' });
    await execute(specs[2]!, 0.83, results);
    expect(repeatOf(stored, { seed: 4, results }).spec).toEqual(fresh);
  });
});
