import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { projectRoot } from '../../project';
import { classificationTask } from '../../tasks/classification';
import { specNameOf } from '../../tasks/own/stored';
import { words, wordModel } from '../../training/fixtures/words';
import { numbersOf } from '../store/difference';
import { recordAt } from '../store/read';
import { adapterFolder, runPath, runSpec } from '../store/spec';
import { openCluster, workersHere } from './cluster';
import { checkpointPath, type PlannedRun } from './execute';
import { parcelsOf } from './parcels';
import type { Answer } from './process';
import { progressTable } from './progress';
import { runPlanned } from './run';
import type { RunOptions } from './state';
import type { StudyReport } from './report';

const python = join(projectRoot(), '.venv', 'bin', 'python');
/** Dask is brought on request (npm run setup -- --cluster), as the continuous checks do. */
const hasDask = existsSync(join(projectRoot(), '.venv', '.requirements-cluster'));

let folder: string;
/** Of a model that other machines do not have: its path says something here alone. */
const nearby = join('.cache', `cluster-test-${process.pid}`);
let address = '';
const processes: ChildProcess[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-cluster-'));
  vi.stubEnv('VITEST', undefined); // what is started here runs as anywhere
  vi.stubEnv('PETL_KEEP_SECONDS', '0.3');
  vi.stubEnv('DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL', '8s');
});
afterAll(() => {
  for (const child of processes) child.kill('SIGKILL');
  vi.unstubAllEnvs();
  for (const place of [folder, nearby]) rmSync(place, { recursive: true, force: true });
});

function dask(
  part: 'scheduler' | 'worker',
  args: readonly string[],
  { cwd, ...env }: NodeJS.ProcessEnv & { readonly cwd?: string } = {},
): ChildProcess {
  const child = spawn(python, ['-m', `distributed.cli.dask_${part}`, ...args, '--no-dashboard'], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  processes.push(child);
  return child;
}

const worker = (address: string, env?: NodeJS.ProcessEnv & { readonly cwd?: string }): ChildProcess =>
  dask('worker', [address, '--nthreads', '1', '--no-nanny', '--memory-limit', '0', '--local-directory', folder], env);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The project once more, with nothing in its cache. */
function elsewhere(): string {
  const root = join(folder, 'elsewhere');
  for (const part of ['src', 'bin', 'scripts/setup', 'data/packages.json', 'package.json'])
    cpSync(join(projectRoot(), part), join(root, part), { recursive: true });
  symlinkSync(join(projectRoot(), 'node_modules'), join(root, 'node_modules'));
  return root;
}

function plans(): readonly PlannedRun[] {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    said: words(...Array.from({ length: 3 + (i % 7) }, (__, k) => (7 * i + 11 * k) % 90)),
    mood: i % 3 === 0 ? 'bad' : 'good',
  }));
  const task = specNameOf(classificationTask({ name: 'cluster-moods', rows, text: 'said', label: 'mood' }));
  const model = wordModel(nearby, 'bert');
  const training = { batch: 8, maxLength: 16, evaluations: 2 };
  // Eight long enough to be lost on the way, and sixteen short ones.
  return ['head', 'lora:r=2'].flatMap((method) =>
    Array.from({ length: 12 }, (_, i) => ({
      label: method,
      spec: runSpec({
        ...{ study: 'own/cluster', tier: 'full', method, model, task, seed: i + 1 },
        training: { ...training, epochs: i < 4 ? 400 : 10 },
      }),
    })),
  );
}

/** A run without a model and data. */
const toyPlan = (seed: number): PlannedRun => ({
  label: 'head',
  spec: runSpec({
    ...{ study: 'toy', method: 'head', model: '/nowhere', seed },
    training: { scored: { validation: 'all', test: 4 } },
  }),
});

/** What workers take for Node, where training is to be made up. */
function toyNode(behaviour: string): string {
  const node = join(folder, `${behaviour}.sh`);
  const toy = join(projectRoot(), 'src', 'experiments', 'fixtures', 'toy-worker.cjs');
  writeFileSync(node, `#!/bin/sh\nexec "${process.execPath}" "${toy}" ${behaviour}\n`);
  chmodSync(node, 0o755);
  return node;
}

/** Resolves when the scheduler has so many workers. */
async function haveCome(count: number, address: string): Promise<void> {
  const cluster = await openCluster(address, join(folder, 'looked'), () => undefined);
  await vi.waitFor(() => expect(cluster.slots()).toBe(count), 60_000);
  cluster.close();
}

describe.runIf(hasDask)('a study on a cluster', { timeout: 300_000 }, () => {
  it('ends with the files of a local one, whatever is lost on the way', async () => {
    const runs = plans();
    const results = (name: string): string => join(folder, name);
    const study = (name: string, more: Partial<RunOptions>): Promise<StudyReport> =>
      runPlanned(runs, {
        workers: 1,
        threads: 1,
        engine: 'compiled',
        progress: progressTable({ write: () => undefined, columns: 0 }),
        results: results(name),
        ...more,
      });

    const port = await freePort();
    address = `tcp://127.0.0.1:${port}`;
    const scheduler = (): ChildProcess => dask('scheduler', ['--host', '127.0.0.1', '--port', String(port)]);
    const first = scheduler();
    const workers = [worker(address), worker(address), worker(address)];
    const notes: string[] = [];
    let ended = 0;
    const quiet = progressTable({ write: () => undefined, columns: 0 });
    const progress = {
      ...quiet,
      note: (line: string) => void notes.push(line),
      end: (...told: Parameters<typeof quiet.end>) => {
        if (told[2].kind === 'done') ended += 1;
        quiet.end(...told);
      },
    };
    const remote = study('remote', { cluster: address, progress });
    const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => expect(holds()).toBe(true), 120_000);
    const place = dirname(runPath(runs[0]!.spec, results('remote')));
    const keepsState = (): boolean =>
      existsSync(place) && readdirSync(place).some((name) => name.startsWith('.checkpoint-'));
    await until(keepsState);
    workers[0]?.kill('SIGKILL');
    workers[1]?.kill('SIGSTOP');
    await until(() => ended >= 2 && notes.includes('the cluster makes 1 run at once')); // the paused one is taken for dead
    await until(keepsState); // of a run that ends with the scheduler
    first.kill('SIGKILL');
    scheduler();
    worker(address);
    worker(address, { PETL_ROOT: elsewhere(), cwd: folder });
    workers[1]?.kill('SIGCONT');
    expect(await remote).toEqual({ reused: 0, finished: 24, failed: [], interrupted: false });

    expect(await study('local', {})).toMatchObject({ finished: 24, failed: [] });
    for (const { spec } of runs) {
      const [here, there] = ['local', 'remote'].map((name) => recordAt(runPath(spec, results(name))));
      expect(numbersOf(there!)).toBe(numbersOf(here!));
      expect(there!.run.environment).toMatchObject({ threads: 1, code: here!.run.environment.code });
      expect(existsSync(adapterFolder(spec, results('remote'))!)).toBe(true);
    }
    expect(readdirSync(place).sort()).toEqual(readdirSync(dirname(runPath(runs[0]!.spec, results('local')))).sort());
    expect(notes.join('\n')).toMatch(/going on from step/);
    expect(notes.join('\n')).toContain(`the scheduler at ${address} is gone; waiting for it`);
    expect(notes.join('\n')).toMatch(/sending own\/cluster-moods@\w+\.json to the cluster/);
    expect(notes.join('\n')).toMatch(/sending own-models\/\w{64} to the cluster/);
    expect(readdirSync(join(folder, 'elsewhere', 'data', 'cache', 'own-models'))).toEqual([
      parcelsOf(runs[0]!.spec).models[0]?.print,
    ]);
  });

  it('keeps the state of what it had in hand when it is interrupted', async () => {
    const [plan] = plans() as [PlannedRun];
    const spec = { ...plan.spec, training: { ...plan.spec.training, epochs: 20_000 } };
    const results = join(folder, 'interrupted');
    const state = checkpointPath(spec, results);
    const interrupt = new AbortController();
    const study = runPlanned([{ ...plan, spec }], {
      workers: 1,
      engine: 'compiled',
      progress: progressTable({ write: () => undefined, columns: 0 }),
      results,
      cluster: address,
      signal: interrupt.signal,
    });
    await vi.waitFor(() => expect(existsSync(state)).toBe(true), 120_000);
    interrupt.abort();
    expect(await study).toEqual({ reused: 0, finished: 0, failed: [], interrupted: true });
    expect(readdirSync(dirname(state))).toEqual([basename(state)]);
  });

  it('ends a training process that takes more memory than it may, and goes on', async () => {
    vi.stubEnv('PETL_NODE', toyNode('hoard'));
    const limited = [1, 2, 3].map(toyPlan);
    const notes: string[] = [];
    const quiet = progressTable({ write: () => undefined, columns: 0 });
    const report = await runPlanned(limited, {
      ...{ workers: 1, threads: 1, engine: 'compiled', cluster: 'local:1', memoryMb: 500 },
      progress: { ...quiet, note: (line) => void notes.push(line) },
      results: join(folder, 'limited'),
    });
    expect(report).toMatchObject({ finished: 2, failed: [{ plan: limited[1], user: true }] });
    const took = /its worker took \d\.\d\d GiB of memory, more than the limit of 0\.49 GiB/;
    expect(report.failed[0]?.message).toMatch(took);
    expect(notes.filter((line) => line.includes('it goes on elsewhere'))).toEqual([expect.stringMatching(took)]);
  });

  it('has a worker make runs after one that was left there', async () => {
    vi.stubEnv('PETL_NODE', toyNode('steps'));
    const results = join(folder, 'left');
    const cluster = await openCluster('local:1', results, () => undefined);
    const worker = cluster.launch(1);
    const made = (seed: number, onEvent: () => void): Promise<Answer> =>
      worker.run({ plan: toyPlan(seed), engine: 'compiled', results }, onEvent, () => undefined);
    try {
      expect(await made(2, worker.interrupt)).toMatchObject({ kind: 'stopped' });
      expect(await made(1, () => undefined)).toMatchObject({ kind: 'done' });
    } finally {
      cluster.close();
    }
  });

  it('passes over workers that cannot make its runs, and fails them where no other is left', async () => {
    vi.stubEnv('PETL_NODE', toyNode('plain'));
    const port = await freePort();
    const there = `tcp://127.0.0.1:${port}`;
    dask('scheduler', ['--host', '127.0.0.1', '--port', String(port)]);
    const results = join(folder, 'wrong');
    const notes: string[] = [];
    const quiet = progressTable({ write: () => undefined, columns: 0 });
    const progress = { ...quiet, note: (line: string) => void notes.push(line) };
    const study = (seeds: readonly number[]): Promise<StudyReport> =>
      runPlanned(seeds.map(toyPlan), { workers: 1, threads: 1, engine: 'compiled', cluster: there, progress, results });
    const refusals = (): readonly string[] => notes.filter((line) => line.endsWith('; runs go on elsewhere'));

    worker(there, { PETL_ROOT: '/nowhere' });
    worker(there, { PETL_NODE: '/nowhere/node' });
    await haveCome(2, there);
    const state = checkpointPath(toyPlan(1).spec, results);
    mkdirSync(dirname(state), { recursive: true });
    writeFileSync(state, 'kept');
    const { failed } = await study([1]);
    const root = 'has no project at /nowhere: install it there, or set PETL_ROOT';
    const node = String.raw`cannot start Node \(No such file or directory\): install it there, or set PETL_NODE`;
    const reason = new RegExp(String.raw`worker tcp://\S+ (${root}|${node})`);
    expect(failed).toMatchObject([
      { message: expect.stringMatching(`^no worker is left: ${reason.source}$`), user: true },
    ]);
    expect(refusals()).toEqual([expect.stringMatching(reason)]);
    expect(readFileSync(state, 'utf8')).toBe('kept');

    worker(there);
    await haveCome(3, there);
    expect(await study([2, 3, 4, 5, 6])).toMatchObject({ finished: 5, failed: [] });
    expect(refusals().length).toBeGreaterThan(1);
  });

  it('is refused where nobody answers or the address says nothing', async () => {
    mkdirSync(join(folder, 'none'), { recursive: true });
    for (const wrong of ['somewhere', 'local:0', 'local:100', 'local:two', 'tcp://host', 'http://host:80'])
      await expect(openCluster(wrong, join(folder, 'none'), () => undefined)).rejects.toThrow(
        `cluster "${wrong}": write tcp://HOST:PORT of a Dask scheduler, or local:N`,
      );
    expect(['local:3', 'tcp://host:8786', 'tls://host:1'].map(workersHere)).toEqual([3, 0, 0]);
    expect(readdirSync(join(folder, 'none'))).toEqual([]);
  });
});
