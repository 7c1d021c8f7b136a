import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectRoot } from '../../project';
import { toyTools } from '../fixtures/tools';
import type { RunRecord } from '../store/record';
import { runSpec } from '../store/spec';
import { executeRun } from './execute';
import { forkWorker } from './process';
import { progressTable } from './progress';
import { verifyRuns, type Verified } from './verify';

let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-verified-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

const asked: number[] = [];
async function verify(record: RunRecord): Promise<Verified | undefined> {
  const { verified } = await verifyRuns([record], {
    progress: progressTable({ write: () => undefined, columns: 0 }),
    launch: (threads) => {
      asked.push(threads);
      return forkWorker(join(projectRoot(), 'src', 'experiments', 'fixtures', 'toy-worker.cjs'), ['']);
    },
  });
  return verified[0];
}

const execute = (test: number): Promise<RunRecord> =>
  executeRun(
    { spec: runSpec({ study: 'toy', method: 'head', training: { scored: { validation: 4, test } } }), label: 'head' },
    toyTools,
    { engine: 'eager', report: () => undefined, results },
  );

it('makes runs again as they were made, and tells the same numbers from others', async () => {
  const recorded = await execute(4);
  const { final } = recorded;
  const three = { ...recorded, run: { ...recorded.run, environment: { ...recorded.run.environment, threads: 3 } } };
  expect((await verify(three))?.verdict).toBe('equal');
  expect(asked).toEqual([3]);
  const [line, ...rest] = recorded.train;
  expect((await verify({ ...recorded, train: [{ ...line!, loss: 0.9999 }, ...rest] }))?.verdict).toBe('holds');
  expect((await verify({ ...recorded, final: { ...final, score: 0.6 } }))?.verdict).toBe('differs');
  expect((await verify({ ...recorded, final: { ...final, model: 'other' } }))?.verdict).toBe('differs');
  expect((await verify({ ...recorded, final: { ...final, kept: 2 } }))?.verdict).toBe('holds');
  for (const share of [{ exact: 0.25 }, { oracle: 0.5 }])
    expect((await verify({ ...recorded, final: { ...final, ...share } }))?.verdict).toBe('differs');
});

it('judges a run that no test set has seen by the validation of the step that it kept', async () => {
  const recorded = await execute(0);
  const [line] = recorded.evaluations;
  const evaluated = (over: Partial<typeof line>, ...more: RunRecord['evaluations']): RunRecord => ({
    ...recorded,
    evaluations: [{ ...line!, ...over }, ...more],
  });
  expect((await verify(recorded))?.verdict).toBe('equal');
  expect((await verify(evaluated({ loss: line!.loss + 5e-5 })))?.verdict).toBe('holds');
  for (const over of [{ loss: line!.loss + 2e-4 }, { score: line!.score - 2e-4 }])
    expect((await verify(evaluated(over)))?.verdict).toBe('differs');
  const later = evaluated({}, { ...line!, step: 4, loss: 9 });
  expect((await verify(later))?.verdict).toBe('differs');
  expect((await verify({ ...later, final: { ...later.final, kept: 3 } }))?.verdict).toBe('holds');
});
