import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { projectRoot } from '../../project';
import { toyTools } from '../fixtures/tools';
import { runId, runPath, runSpec } from '../store/spec';
import { checkpointPath, executeRun, type PlannedRun } from './execute';
import { progressTable } from './progress';
import type { StudyReport } from './report';
import { runPlanned } from './run';

/** Paths for which the disk has no room. */
const full = vi.hoisted(() => ({ paths: new Set<string>() }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const renameSync = (from: string, to: string): void => {
    if (full.paths.has(to)) throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'rename' });
    fs.renameSync(from, to);
  };
  return { ...fs, renameSync };
});

const hasPython = existsSync(join(projectRoot(), '.venv', 'bin', 'python'));

let folder: string;
let results: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-bridge-'));
  results = join(folder, 'results');
  vi.stubEnv('PYTHONPATH', join(projectRoot(), 'src', 'experiments', 'fixtures', 'dask'));
  vi.stubEnv('PYTHONDONTWRITEBYTECODE', '1');
  vi.stubEnv('DASK_LOG', join(folder, 'log.jsonl'));
  vi.stubEnv('DASK_LEFT', join(folder, 'left.json'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const plan = (seed: number): PlannedRun => ({
  label: 'head',
  spec: runSpec({
    ...{ study: 'toy', method: 'head', model: '/nowhere', seed },
    training: { scored: { validation: 'all', test: 4 } },
  }),
});

/** A study whose workers answer so, one turn after another. */
function study(plans: readonly PlannedRun[], turns: readonly object[], signal?: AbortSignal): Promise<StudyReport> {
  vi.stubEnv('DASK_TURNS', JSON.stringify(turns));
  return runPlanned(plans, {
    ...{ workers: 1, threads: 1, engine: 'compiled', cluster: 'tcp://nowhere:1', results },
    progress: progressTable({ write: () => undefined, columns: 0 }),
    ...(signal !== undefined && { signal }),
  });
}

/** What workers were asked, in turn. */
const asked = (): readonly object[] =>
  readFileSync(join(folder, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);

/** What the scheduler holds of these runs. */
const left = (): unknown => JSON.parse(readFileSync(join(folder, 'left.json'), 'utf8'));

const done = { kind: 'done', score: 0.5, metric: 'accuracy', seconds: 1, peakMb: null };

/** A worker's answer with the file of the run as it should be. */
async function made({ spec, label }: PlannedRun): Promise<object> {
  const there = join(folder, 'there');
  await executeRun({ spec, label }, toyTools, { engine: 'compiled', results: there, report: () => undefined });
  const path = runPath(spec, there);
  return { answer: done, files: { [relative(there, path)]: path } };
}

/** The same with a file that has suffered on the way. */
function damaged({ spec }: PlannedRun): object {
  const path = join(folder, 'damaged');
  writeFileSync(path, '{"kind":"run"');
  return { answer: done, files: { [relative(results, runPath(spec, results))]: path } };
}

/** What is kept of a run here. */
function kept({ spec }: PlannedRun): string {
  const path = checkpointPath(spec, results);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'here');
  return path;
}

describe.runIf(hasPython)('what workers of a cluster answer', () => {
  it('fails a run that is lost three times, and goes on with the next', async () => {
    const [lost, next] = [plan(1), plan(2)];
    const turns = [1, 2, 3].map((n) => ({ raises: `no answer ${n}` }));
    const report = await study([lost, next], [...turns, await made(next)]);
    const message = 'OSError: no answer 3; lost 3 times without having come further';
    expect(report).toMatchObject({ finished: 1, failed: [{ plan: lost, message, user: false }] });
    expect(asked()).toMatchObject([lost, lost, lost, next].map(({ spec }) => ({ run: runId(spec) })));
  });

  it('asks once more for a run whose file came back damaged', async () => {
    const again = plan(1);
    expect(await study([again], [damaged(again), { ...(await made(again)), seconds: 0.5 }])).toMatchObject({
      finished: 1,
      failed: [],
    });
    expect(asked()).toHaveLength(2);
  });

  it('keeps the state of a run that its training process did not fail', async () => {
    const answer = { kind: 'failed', message: 'too large', user: true };
    const [tooLarge, failed] = [plan(1), plan(2)];
    const states = [tooLarge, failed].map(kept);
    const turns = [null, {}].map((files) => ({ answer, files }));
    expect(await study([tooLarge, failed], turns)).toMatchObject({ failed: [{ plan: tooLarge }, { plan: failed }] });
    expect(states.map(existsSync)).toEqual([true, false]);
  });

  it('goes on from what is kept here, whatever the scheduler holds, and leaves nothing there', async () => {
    vi.stubEnv('DASK_HELD', 'of another study');
    const [fresh, begun, again] = [plan(1), plan(2), plan(3)];
    kept(begun);
    const turns = [await made(fresh), await made(begun), { raises: 'lost', state: 'further' }, await made(again)];
    expect(await study([fresh, begun, again], turns)).toMatchObject({ finished: 3, failed: [] });
    expect(asked()).toMatchObject([null, 'here', null, 'further'].map((state) => ({ state })));
    expect(left()).toEqual({});
  });

  it('leaves nothing of a run that is interrupted but what is kept here', async () => {
    const long = plan(1);
    const state = checkpointPath(long.spec, results);
    const interrupt = new AbortController();
    const studied = study([long], [{ state: 'further', seconds: 600 }], interrupt.signal);
    await vi.waitFor(() => expect(existsSync(state)).toBe(true), 20_000);
    interrupt.abort();
    expect(await studied).toMatchObject({ finished: 0, failed: [], interrupted: true });
    expect(readFileSync(state, 'utf8')).toBe('further');
    expect(left()).toEqual({});
  });

  it('does not put back the state of a run that has been taken over', async () => {
    const [over, next] = [plan(1), plan(2)];
    const turns = [
      { ...(await made(over)), state: 'further', seconds: 0 },
      { ...(await made(next)), seconds: 1 },
    ];
    expect(await study([over, next], turns)).toMatchObject({ finished: 2, failed: [] });
    expect(existsSync(checkpointPath(over.spec, results))).toBe(false);
  });

  it('keeps the state of a run whose files find no room here', async () => {
    const [long, next] = [plan(1), plan(2)];
    const state = kept(long);
    full.paths.add(runPath(long.spec, results));
    const report = await study([long, next], [await made(long), await made(next)]);
    expect(report).toMatchObject({ finished: 1, failed: [{ plan: long, user: false }] });
    expect(report.failed[0]?.message).toContain('the disk is full: make room, then run the same command again');
    expect(existsSync(state)).toBe(true);
  });
});
