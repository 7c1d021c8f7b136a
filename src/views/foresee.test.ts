import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { toyTools } from '../experiments/fixtures/tools';
import { executeRun } from '../experiments/runner/execute';
import { runSpec } from '../experiments/store/spec';
import type { Study } from '../experiments/studies/study';
import { plan } from './foresee';

it('judges what could be seen by runs that were scored on the same examples', async () => {
  const results = mkdtempSync(join(tmpdir(), 'petl-foresee-'));
  const scored = [4, 4, 6];
  const variants = ['head', 'bitfit'].map((method) => ({
    name: method,
    label: method,
    runs: scored.map((test, i) =>
      runSpec({ study: 'toy', tier: 'full', method, seed: i + 1, training: { scored: { validation: 4, test } } }),
    ),
  }));
  const study: Study = {
    ...{ name: 'toy', tier: 'full', title: '', source: 'own', rows: [], notebook: '', reference: 'full' },
    variants,
  };
  try {
    for (const { runs, label } of variants)
      for (const spec of runs)
        await executeRun({ spec, label }, toyTools, { engine: 'eager', report: () => undefined, results });
    expect(plan(study, results)).toMatchObject({ runs: 6, finished: 6, leastGap: 0, by: 'as head and bitfit varied' });
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
});
