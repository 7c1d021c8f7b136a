import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../project';
import { listRuns } from '../store/index-cache';
import { runSpec } from '../store/spec';
import { costsBy } from './cost';
import { before, simulate, waiting, type Job, type Machines } from './schedule';

const cache = mkdtempSync(join(tmpdir(), 'petl-schedule-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));
/** The committed runs. */
const stored = listRuns(join(projectRoot(), 'results'), join(cache, 'index.json')).filter(
  ({ tier, study }) => tier === 'full' && !study.startsWith('own/'),
);

const machines: Machines = { workers: 2, start: 3, compile: 2, each: 0, keep: 60, replace: 10, losses: 0, seed: 1 };
const job = (key: string, seconds: number): Job => ({ key, seconds });
const first = (queue: readonly Job[], own?: string, busy: readonly string[] = [], lanes = 2): Job | undefined =>
  [...queue].sort(before(waiting(queue), { lanes, own, others: new Set(busy) }))[0];

describe('a free lane takes', () => {
  const queue = [job('a', 1), job('b', 4), job('b', 5), job('c', 3), job('c', 3), job('c', 4), job('a', 2)];

  it('what shares its programs, the longest first', () => {
    expect(first(queue, 'a')).toEqual(job('a', 2));
  });
  it('else the key with most work that nobody is busy with', () => {
    expect(first(queue)).toEqual(job('c', 4));
    expect(first(queue, 'd', ['c'])).toEqual(job('b', 5));
    expect(first([job('b', 4), job('b', 5)], 'd', ['b'], 1)).toEqual(job('b', 5));
  });
  it('before all the longest, when little is left beside it', () => {
    expect(first([...queue, job('d', 8)], 'a')).toEqual(job('d', 8));
    expect(first([...queue, job('d', 7)], 'a')).toEqual(job('a', 2));
  });
});

describe('the schedule of the shipped studies', () => {
  // Of fewer runs, or of some minutes, the start of the workers and their programs are more than that.
  const studies = [...new Set(stored.map(({ study }) => study))].filter((name) => {
    const own = stored.filter(({ study }) => study === name);
    return own.length >= 12 && own.reduce((sum, { seconds }) => sum + seconds, 0) > 400;
  });

  it('is asked of most of them', () => {
    expect(studies.length).toBeGreaterThan(10);
  });

  it.each(studies)('%s: on 2 and 3 workers within 10% of what no schedule can beat', (name) => {
    const jobs = stored
      .filter(({ study }) => study === name)
      .map(({ method, task, seconds }) => job(`${method} ${task}`, seconds));
    for (const workers of [2, 3]) {
      const { makespan, bound } = simulate(jobs, { ...machines, workers });
      expect(makespan).toBeGreaterThan(bound);
      // before its first run a worker starts and compiles, whatever the schedule
      expect(makespan / (bound + machines.start + machines.compile)).toBeLessThan(1.1);
    }
  });
});

describe('imagined machines', () => {
  const jobs = Array.from({ length: 400 }, (_, i) => job(`k${i % 40}`, 60 + ((i * 37) % 200)));

  it('that never fail lose nothing, and more of them end sooner', () => {
    const two = simulate(jobs, machines);
    expect(two).toMatchObject({ lost: 0 });
    expect(simulate(jobs, { ...machines, workers: 8 }).makespan).toBeLessThan(two.makespan / 3.5);
    expect(simulate([job('a', 5), job('a', 5)], { ...machines, workers: 1 })).toEqual({
      makespan: 15,
      bound: 10,
      lost: 0,
    });
  });

  it('that fail when they are said to lose what was done since the last kept state', () => {
    const one = { ...machines, workers: 1, start: 1, compile: 0, each: 0.5, keep: 3, lostAt: [9] };
    // 1 to 9 on the run, 6 of its seconds kept; 10 to be replaced, 1 to start, the last 4 seconds.
    expect(simulate([job('a', 10)], one)).toEqual({ makespan: 24.5, bound: 10, lost: 1 });
  });

  it('that fail end later, the more so the seldomer state is kept, and alike for one seed', () => {
    const failing = { ...machines, workers: 8, losses: 4 };
    const some = simulate(jobs, failing);
    expect(some.lost).toBeGreaterThan(10);
    expect(simulate(jobs, failing)).toEqual(some);
    expect(some.makespan).toBeGreaterThan(simulate(jobs, { ...failing, losses: 0 }).makespan);
    expect(simulate(jobs, { ...failing, keep: 1e9 }).makespan).toBeGreaterThan(some.makespan);
  });
});

describe('what a run will take', () => {
  const cost = costsBy(stored);
  const like = stored.filter(({ study, method }) => study === 'sentiment' && method === 'lora:r=16');
  const [one] = like as [(typeof like)[0] & object];
  const training = {
    examples: one.steps * one.batch,
    batch: one.batch,
    maxLength: one.maxLength,
    scored: { validation: 'all', test: one.tested },
  } as const;
  const spec = runSpec({ study: 'x', method: 'lora:r=16', training });

  it('is judged by runs like it, by its work', () => {
    const seconds = cost(spec);
    expect(seconds / one.seconds).toBeCloseTo(1, 0);
    const twice = cost({ ...spec, training: { ...spec.training, epochs: 2 } });
    expect(twice / seconds).toBeGreaterThan(1.5);
    expect(cost({ ...spec, method: 'houlsby:m=4', model: 'elsewhere' })).toBeGreaterThan(0);
  });
});
