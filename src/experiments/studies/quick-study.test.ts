import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { launchWorker } from '../runner/process';
import { progressTable } from '../runner/progress';
import { rowsOfStudy } from '../store/rows';
import { runPlanned } from '../runner/run';
import { runSpec } from '../store/spec';
import { easyTasks } from './easy-tasks';
import { plansOf, type Study } from './study';

const results = mkdtempSync(join(tmpdir(), 'petl-quick-'));
// The launcher does nothing where it is imported by a test; its forks must.
beforeAll(() => {
  vi.stubEnv('VITEST', undefined);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(results, { recursive: true, force: true });
});

/** Two steps of 8 and a handful of scored examples, of every other variant: methods are held elsewhere. */
function least(study: Study): Study {
  const training = { examples: 16, batch: 8, epochs: 1, evaluations: 1, scored: { validation: 8, test: 16 } } as const;
  return {
    ...study,
    variants: study.variants
      .filter((_, i) => i % 2 === 0)
      .map((variant) => ({
        ...variant,
        runs: variant.runs
          .filter(({ task }) => task === 'sentiment')
          .map((spec) => runSpec({ ...spec, training: { ...spec.training, ...training } })),
      })),
  };
}

it('a worker of one thread is told so for an op and for ops side by side', () => {
  const children = (): readonly string[] =>
    readdirSync('/proc/self/task')
      .map((id) => readFileSync(`/proc/self/task/${id}/children`, 'utf8'))
      .flatMap((line) => line.split(' ').filter(Boolean));
  const others = children();
  const worker = launchWorker(1);
  const said = children()
    .filter((pid) => !others.includes(pid))
    .map((pid) => {
      const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      return entries.filter((entry) => /^TF_NUM_.*_THREADS=/.test(entry)).sort();
    });
  worker.stop();
  expect(said).toEqual([['TF_NUM_INTEROP_THREADS=1', 'TF_NUM_INTRAOP_THREADS=1']]);
});

describe('a whole study at the fewest steps', () => {
  const study = least(easyTasks('quick'));

  it('trains its variants in a worker process and reads it back', { timeout: 300_000 }, async () => {
    const report = await runPlanned(plansOf(study), {
      workers: 1,
      engine: 'compiled',
      progress: progressTable({ write: () => undefined, columns: 0 }),
      results,
      launch: launchWorker,
    });
    expect(report).toEqual({ reused: 0, finished: study.variants.length, failed: [], interrupted: false });
    const rows = rowsOfStudy(study, results);
    expect(rows.map(({ label }) => label)).toEqual(study.variants.map(({ label }) => label));
    for (const { score, label } of rows) expect(score * 16, label).toBe(Math.round(score * 16));
  });

  it('finds every run on disk the second time', async () => {
    const report = await runPlanned(plansOf(study), {
      workers: 1,
      engine: 'compiled',
      progress: progressTable({ write: () => undefined, columns: 0 }),
      results,
    });
    expect(report).toMatchObject({ reused: study.variants.length, finished: 0 });
  });
});
