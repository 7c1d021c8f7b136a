import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { projectRoot } from '../../project';
import { checkpointPath, type PlannedRun } from './execute';
import { processes, type Owner } from '../../processes';
import { claimPath } from './claims';
import type { TrainingEvent } from '../../training/job';
import { forkWorker, type Answer, type Launch } from './process';
import { board } from './board';
import { progressTable } from './progress';
import type { StudyReport } from './report';
import { runPlanned } from './run';
import type { RunOptions } from './state';
import type { Request } from './worker';
import { runPath, runSpec, studyFolder } from '../store/spec';
import { duration } from '../../clock';

const fixtures = join(projectRoot(), 'src', 'experiments', 'fixtures');
let results: string;
let log: string;
let said: string;

beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'petl-run-'));
  log = join(results, 'log.txt');
  process.env['TOY_LOG'] = log;
  said = '';
});
afterEach(() => {
  delete process.env['TOY_LOG'];
  rmSync(results, { recursive: true, force: true });
});

function plans(...runs: readonly (readonly [method: string, seed: number])[]): readonly PlannedRun[] {
  return runs.map(([method, seed]) => ({
    spec: runSpec({ study: 'toy', method, seed, training: { scored: { validation: 'all', test: 4 } } }),
    label: method,
  }));
}

const three = plans(['head', 1], ['head', 2], ['head', 3]);

function study(runs: readonly PlannedRun[], behaviour: string, more: Partial<RunOptions> = {}): Promise<StudyReport> {
  const progress = progressTable({
    write: (text) => {
      said += text;
    },
    columns: 0,
  });
  const launch: Launch = (_, limitMb) =>
    forkWorker(join(fixtures, 'toy-worker.cjs'), [behaviour], { ...(limitMb !== undefined && { limitMb }) });
  return runPlanned(runs, { workers: 1, engine: 'compiled', progress, results, launch, ...more });
}

const finishedFiles = (): readonly string[] =>
  readdirSync(studyFolder('toy', 'quick', results)).filter((name) => !name.startsWith('.'));
const runsLogged = (): readonly string[] => readFileSync(log, 'utf8').trim().split('\n');

describe('a study', () => {
  it('executes what is missing in one process and nothing the second time', async () => {
    expect(await study(three, '')).toEqual({ reused: 0, finished: 3, failed: [], interrupted: false });
    expect(new Set(runsLogged().map((line) => line.split(' ')[0])).size).toBe(1);
    expect(await study(three, '')).toEqual({ reused: 3, finished: 0, failed: [], interrupted: false });
    expect(runsLogged()).toHaveLength(3);
    expect(said).toContain('[3/3] head, seed 3');
    expect(said).toContain('accuracy 0.5000');
  });

  it('shares its runs with another on the same folder, and trains none twice', async () => {
    const both = await Promise.all([study(three, ''), study(three, '')]);
    expect(both.map(({ failed }) => failed.length)).toEqual([0, 0]);
    expect(both.map(({ reused, finished }) => reused + finished)).toEqual([3, 3]);
    expect(runsLogged()).toHaveLength(3);
    expect(said).toContain(`in the hands of process ${process.pid} on `);
    expect(readdirSync(studyFolder('toy', 'quick', results))).toHaveLength(3);
  });

  it('takes over a run whose owner died, and waits for one that lives', async () => {
    const path = runPath(three[0]!.spec, results);
    const { ownerOf } = processes();
    const claim = (owner: Owner): void => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(claimPath(path), JSON.stringify(owner));
    };
    claim({ ...ownerOf(), started: '1' });
    expect(await study(three.slice(0, 1), '')).toMatchObject({ finished: 1 });
    rmSync(path);
    claim(ownerOf(process.ppid));
    const interrupt = new AbortController();
    const waiting = study(three.slice(0, 1), '', { signal: interrupt.signal });
    await vi.waitFor(() => expect(said).toContain(`process ${process.ppid} on `));
    interrupt.abort();
    expect(await waiting).toMatchObject({ finished: 0, interrupted: true });
    expect(existsSync(claimPath(path))).toBe(true);
  });

  it('finds out before it trains that it cannot write', async () => {
    writeFileSync(join(results, 'quick'), 'a file');
    await expect(study(three, '')).rejects.toThrow(/^cannot write .*a part of the path is a file/);
    expect(existsSync(log)).toBe(false);
  });

  it('names a damaged file and runs it again', async () => {
    await study(three, '');
    const path = runPath(three[1]!.spec, results);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100));
    expect(await study(three, '')).toMatchObject({ reused: 2, finished: 1 });
    expect(said).toContain(`${path}: its last line is cut off; running it again`);
  });

  it('does runs alike one after the other, so that they share compiled programs', async () => {
    await study(plans(['head', 1], ['bitfit', 1], ['head', 2], ['bitfit', 2]), '');
    expect(runsLogged().map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'head 1',
      'head 2',
      'bitfit 1',
      'bitfit 2',
    ]);
  });

  it('uses as many workers as asked for', async () => {
    expect(await study(plans(['head', 1], ['bitfit', 1], ['full', 1]), '', { workers: 2 })).toMatchObject({
      finished: 3,
    });
    expect(new Set(runsLogged().map((line) => line.split(' ')[0])).size).toBeGreaterThan(1);
  });

  it('keeps going after a run that fails, and says which and why', async () => {
    const report = await study(three, 'throw');
    expect(report).toMatchObject({ finished: 2, interrupted: false });
    expect(report.failed).toMatchObject([{ plan: three[1], message: 'the loss is not a number', user: false }]);
  });

  it('tries a run again whose worker dies', async () => {
    expect(await study(three, 'die once')).toMatchObject({ finished: 3, failed: [] });
    expect(new Set(runsLogged().map((line) => line.split(' ')[0])).size).toBe(2);
  });

  it('makes a run again from its beginning, and goes on from its own state alone', async () => {
    const [plan] = three as [PlannedRun];
    const state = checkpointPath(plan.spec, results);
    mkdirSync(dirname(state), { recursive: true });
    writeFileSync(state, 'of an earlier study');
    expect(await study([plan], 'leave')).toMatchObject({ finished: 1, failed: [] });
    expect(runsLogged()).toHaveLength(1);
    writeFileSync(state, 'of an earlier study');
    expect(await study([plan], 'leave', { again: true })).toMatchObject({ finished: 1, failed: [] });
    expect(runsLogged()).toHaveLength(1 + 2);
  });

  it('tries a run again in a process that has made no other, whatever is made before', async () => {
    const claim = claimPath(runPath(three[1]!.spec, results));
    const made: number[][] = [];
    const launch: Launch = () => {
      const runs: number[] = [];
      made.push(runs);
      const run = ({ plan }: Request): Promise<Answer> => {
        const { seed } = plan.spec;
        runs.push(seed);
        if (seed === 3) rmSync(claim);
        if (seed === 2 && made.length === 1)
          return Promise.resolve({ kind: 'died', reason: 'too large', started: true });
        return Promise.resolve({ kind: 'done', score: 1, metric: 'accuracy', seconds: 1, peakMb: 1 });
      };
      return { run, interrupt: () => undefined, stop: () => undefined };
    };
    const progress = {
      ...progressTable({ write: () => undefined, columns: 0 }),
      end: (_: number, __: PlannedRun, { kind }: Answer) => {
        if (kind === 'died') writeFileSync(claim, JSON.stringify(processes().ownerOf(process.ppid))); // 3 goes first
      },
    };
    expect(await study(three, '', { launch, progress })).toMatchObject({ finished: 3, failed: [] });
    expect(made).toEqual([[1, 2], [3], [2]]);
  });

  it('gives a run up whose worker dies twice', async () => {
    const report = await study(three.slice(0, 1), 'die');
    expect(report.failed.map(({ message }) => message)).toEqual([
      'the worker process ended with signal SIGKILL, twice',
    ]);
    expect(runsLogged()).toHaveLength(2);
  });

  it('ends a worker that takes more memory than it may, tries its run once more in a new one, and goes on', async () => {
    const limited = plans(['head', 1], ['head', 2], ['head', 3], ['bitfit', 4]);
    const report = await study(limited, 'hoard', { memoryMb: 500 });
    expect(report).toMatchObject({ finished: 3, interrupted: false });
    expect(report.failed).toMatchObject([{ plan: limited[1], user: true }]);
    expect(report.failed[0]?.message).toMatch(
      /^its worker took \d\.\d\d GiB of memory, more than the limit of 0\.49 GiB$/,
    );
    expect(runsLogged().filter((line) => line.endsWith('head 2'))).toHaveLength(2);
    expect(said).toMatch(/head, seed 2 +its worker took [^\n]+\n[^]*head, seed 2 +failed: its worker took/);
  });

  it('ends soon when no worker can start', async () => {
    const report = await study(three, 'stillborn');
    expect(report.failed).toHaveLength(3);
    expect(report.failed.map(({ message }) => message).join()).toContain('error: no such library');
    expect(existsSync(log)).toBe(false);
  });

  it('keeps finished runs when interrupted', async () => {
    const interrupt = new AbortController();
    const whenFirstEnds = { ...progressTable({ write: () => undefined, columns: 0 }), end: () => interrupt.abort() };
    expect(await study(three, 'slow', { signal: interrupt.signal, progress: whenFirstEnds })).toMatchObject({
      finished: 1,
      interrupted: true,
    });
    expect(finishedFiles()).toHaveLength(1);
  });

  it('has the run in hand left after a step when interrupted, and says at which', async () => {
    const interrupt = new AbortController();
    const ends: Answer[] = [];
    const progress = {
      ...progressTable({ write: () => undefined, columns: 0 }),
      event: (_: number, event: TrainingEvent) => {
        if (event.kind === 'step' && event.steps === 1000) interrupt.abort();
      },
      end: (_: number, __: PlannedRun, answer: Answer) => void ends.push(answer),
    };
    const report = await study(three, 'steps', { signal: interrupt.signal, progress });
    expect(report).toMatchObject({ finished: 1, failed: [], interrupted: true });
    expect(ends[1]).toMatchObject({ kind: 'stopped', at: { steps: 1000 } });
  });

  it('keeps a run that was being scored when interrupted: it ends whole', async () => {
    const interrupt = new AbortController();
    const progress = {
      ...progressTable({ write: () => undefined, columns: 0 }),
      event: (_: number, event: TrainingEvent) => {
        if (event.kind === 'phase') interrupt.abort();
      },
    };
    const report = await study(three, 'score', { signal: interrupt.signal, progress });
    expect(report).toEqual({ reused: 0, finished: 2, failed: [], interrupted: true });
    expect(finishedFiles()).toHaveLength(2);
  });

  it('keeps finished runs when it is killed, and goes on from there', async () => {
    const child = spawn(process.execPath, [join(fixtures, 'toy-study.cjs'), results, 'slow'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((resolve) =>
      child.stderr.on('data', (text: Buffer) => {
        if (String(text).includes('[1/3]')) resolve();
      }),
    );
    child.kill('SIGKILL');
    await workerGone();
    expect(finishedFiles()).toHaveLength(1);
    expect(await study(three, '')).toMatchObject({ reused: 1, finished: 2 });
    expect(readdirSync(dirname(runPath(three[0]!.spec, results)))).toHaveLength(3);
  });
});

/** The worker ends by itself when its parent is gone. */
async function workerGone(): Promise<void> {
  const pid = Number(runsLogged()[0]?.split(' ')[0]);
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('progress in a terminal', () => {
  it('redraws the runs in hand and leaves finished ones above', () => {
    const progress = progressTable({
      write: (text) => {
        said += text;
      },
      columns: 120,
    });
    progress.plan(three.slice(0, 2), 1, () => 1);
    progress.begin(0, three[0]!);
    progress.end(0, three[0]!, { kind: 'done', score: 0.75, metric: 'accuracy', seconds: 12.34, peakMb: 9 });
    progress.close();
    expect(said).toContain('1 finished run on disk, 2 to go');
    expect(said).toContain('head, seed 1                       loading');
    expect(said).toContain('\u001b[2A\u001b[J[1/2] head, seed 1');
    expect(said).toContain('accuracy 0.7500  12.3 s');
  });

  it('says how far scoring and writing have come, until the next step', () => {
    const shown: string[] = [];
    const progress = board({
      pause: 0,
      show: ({ running }) => shown.push(...running.map(({ note }) => note)),
      say: () => undefined,
    });
    progress.plan(three.slice(0, 1), 0, () => 1);
    progress.begin(0, three[0]!);
    const step = { kind: 'step', step: 1, steps: 2, loss: 1, seconds: 1 } as const;
    progress.event(0, step);
    progress.event(0, { kind: 'phase', doing: 'scoring', done: 8, of: 8 });
    progress.event(0, { kind: 'phase', doing: 'writing', done: 4, of: 8 });
    progress.event(0, { kind: 'phase', doing: 'writing', done: 6, of: 8 });
    progress.event(0, { ...step, step: 2 });
    expect(shown.slice(1)).toEqual([
      '',
      'scoring 8 of 8',
      expect.stringMatching(/^writing 4 of 8/),
      expect.stringMatching(/^writing 6 of 8, about .* left$/),
      '',
    ]);
  });

  it.each([
    [7.31, '7.3 s'],
    [125, '2 min 05 s'],
    [4800, '1 h 20 min'],
  ])('says %d seconds as %s', (time, text) => {
    expect(duration(time)).toBe(text);
  });
});
