import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forkWorker } from '../runner/process';
import { progressTable } from '../runner/progress';
import { rowsOfStudy } from '../store/rows';
import type { RunOptions } from '../runner/state';
import { runSpec } from '../store/spec';
import type { Study } from './study';
import { projectRoot } from '../../project';
import { runStages } from './run-study';

let results: string;
let launched: number;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-stages-'));
  launched = 0;
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

const options = (behaviour = ''): RunOptions => ({
  workers: 2,
  engine: 'compiled',
  results,
  progress: progressTable({ write: () => undefined, columns: 0 }),
  launch: () => {
    launched += 1;
    return forkWorker(join(projectRoot(), 'src', 'experiments', 'fixtures', 'toy-worker.cjs'), [behaviour]);
  },
});

const variant = (method: string): Study['variants'][number] => ({
  name: method,
  label: method,
  runs: [1, 2].map((seed) => runSpec({ study: 'toy', method, seed, training: { scored: { validation: 4, test: 4 } } })),
});
const toy = (variants: Study['variants']): Study => ({
  name: 'toy',
  tier: 'quick',
  title: '',
  source: '',
  rows: [],
  notebook: '',
  reference: 'full',
  variants,
});

/** The second stage opens when the first has run. */
function staged(): Study {
  const first = toy([variant('head')]);
  return rowsOfStudy(first, results).length === 2 ? toy([variant('head'), variant('lora:r=4')]) : first;
}

it('a stage opens the next one in the same command, and nothing runs twice', async () => {
  expect(await runStages(staged, options())).toMatchObject({ reused: 0, finished: 4, failed: [] });
  expect(await runStages(staged, options())).toMatchObject({ reused: 4, finished: 0, failed: [] });
});

it('a failure ends the stages', async () => {
  const report = await runStages(staged, options('die'));
  expect(report.finished).toBe(0);
  expect(report.failed.length).toBeGreaterThan(0);
});

it('runs that are timed have a process each', async () => {
  await runStages(() => ({ ...toy([variant('head'), variant('lora:r=4')]), alone: true }), options());
  expect(launched).toBe(4);
});
