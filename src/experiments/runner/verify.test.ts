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

it('makes runs again as they were made, and tells the same numbers from others', async () => {
  const spec = runSpec({ study: 'toy', method: 'head', training: { scored: { validation: 4, test: 4 } } });
  const recorded = await executeRun({ spec, label: 'head' }, toyTools, {
    engine: 'eager',
    report: () => undefined,
    results,
  });
  const { final } = recorded;
  const asked: number[] = [];
  const verify = async (record: RunRecord): Promise<Verified | undefined> => {
    const { verified } = await verifyRuns([record], {
      progress: progressTable({ write: () => undefined, columns: 0 }),
      launch: (threads) => {
        asked.push(threads);
        return forkWorker(join(projectRoot(), 'src', 'experiments', 'fixtures', 'toy-worker.cjs'), ['']);
      },
    });
    return verified[0];
  };
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
