import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { projectRoot } from '../../project';
import { runSpec } from '../store/spec';
import { forkWorker } from './process';
import { boardLines, progressTable } from './progress';
import { runPlanned } from './run';
import { keepPicture, watched } from './watch';

let results: string;
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-watch-'));
});
afterEach(() => rmSync(results, { recursive: true, force: true }));

const planned = (seed: number) => ({
  spec: runSpec({ study: 'toy', method: 'head', seed, training: { scored: { validation: 'all', test: 4 } } }),
  label: 'head',
});

it('shows from elsewhere what a study does, and nothing when it has ended', async () => {
  const interrupt = new AbortController();
  const study = runPlanned([1, 2].map(planned), {
    workers: 1,
    engine: 'compiled',
    progress: progressTable({ write: () => undefined, columns: 0 }),
    results,
    launch: () => forkWorker(join(projectRoot(), 'src', 'experiments', 'fixtures', 'toy-worker.cjs'), ['steps']),
    signal: interrupt.signal,
  });
  await vi.waitFor(() => expect(watched(results)[0]?.picture.running[0]?.at?.step).toBeGreaterThan(20), 20_000);
  expect(watched(results)).toMatchObject([
    {
      alive: true,
      picture: { total: 2, ended: 1, failed: [], running: [{ name: 'head, seed 2', at: { steps: 1000 } }] },
    },
  ]);
  expect(boardLines(watched(results)[0]!.picture, 200).join('\n')).toMatch(
    /head, seed 2 .* \d+\/1000 {2}loss 1\.000 .* left\n1 of 2 runs · .* · about .* left/,
  );
  interrupt.abort();
  await study;
  expect(watched(results)).toEqual([]);
});

it('tells a study whose process has died, and passes over what is no picture', () => {
  const progress = keepPicture(results);
  const plan = planned(3);
  progress.plan([plan, plan], 1, () => 1);
  progress.begin(0, plan);
  progress.end(0, plan, { kind: 'failed', message: 'no memory', user: false });
  const [name = ''] = readdirSync(results);
  renameSync(join(results, name), join(results, name.replace(/\.\d+\./, '.1.')));
  writeFileSync(join(results, '.tmp-1.1.000000000000-9-watch.json'), '{"total": 1}');
  const [found, ...more] = watched(results);
  expect([found?.alive, more]).toEqual([false, []]);
  expect(found?.picture).toMatchObject({ ended: 1, failed: [{ name: 'head, seed 3', reason: 'no memory' }] });
  keepPicture(results); // the next study clears away what the dead one left
  expect(watched(results)).toEqual([]);
});

it('takes a study elsewhere for dead when it has not touched its picture for long, and touches its own', async () => {
  const progress = keepPicture(results);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  progress.plan([planned(4)], 0, () => 1);
  const [own = ''] = readdirSync(results).map((name) => join(results, name));
  utimesSync(own, 1e9, 1e9);
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(statSync(own).mtimeMs).toBeGreaterThan(1e12));
  vi.useRealTimers();
  const elsewhere = ['0', '1'].map((pid) => join(results, `.tmp-${pid}.1.000000000000-1-watch.json`));
  for (const path of elsewhere) copyFileSync(own, path);
  utimesSync(elsewhere[1]!, 1e9, 1e9);
  const found = new Map(watched(results).map(({ path, alive }) => [path, alive]));
  expect([own, ...elsewhere].map((path) => found.get(path))).toEqual([true, true, false]);
  keepPicture(results);
  expect([own, ...elsewhere].map((path) => existsSync(path))).toEqual([true, true, false]);
  progress.close();
  expect(existsSync(own)).toBe(false);
});
