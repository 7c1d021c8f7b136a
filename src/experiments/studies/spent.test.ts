import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { executeRun } from '../runner/execute';
import { projectRoot } from '../../project';
import { toyTools } from '../fixtures/tools';
import { runSpec } from '../store/spec';
import { spent } from './spent';

describe('the compute spent', () => {
  let results = '';
  beforeEach(() => {
    results = mkdtempSync(join(tmpdir(), 'petl-spent-'));
  });
  afterEach(() => rmSync(results, { recursive: true }));

  it('is summed over the finished full runs of a folder', async () => {
    let seconds = 0;
    for (const [seed, tier] of [
      [1, 'full'],
      [2, 'full'],
      [3, 'quick'],
    ] as const) {
      const spec = runSpec({
        study: 'sentiment',
        method: 'lora:r=4',
        tier,
        seed,
        training: { scored: { validation: 4, test: 4 } },
      });
      const { final } = await executeRun({ spec, label: 'LoRA r=4' }, toyTools, {
        engine: 'compiled',
        report: () => undefined,
        results,
      });
      if (tier === 'full') seconds += final.seconds;
    }
    expect(spent(results).filter(({ kind }) => kind === 'runs')).toEqual([
      { name: 'sentiment', kind: 'runs', count: 2, hours: seconds / 3600 },
    ]);
  });

  it('counts every trial of a learning rate', () => {
    const trials = spent(results).filter(({ kind }) => kind === 'trials');
    const names = trials.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['existing-methods', 'english-romanian', 'synopsis', 'base-gate']));
    expect(names.length).toBe(readdirSync(join(projectRoot(), 'data', 'tuning')).length);
    expect(trials.find(({ name }) => name === 'synopsis')).toMatchObject({ count: 44 });
    for (const { count, hours } of trials) expect([count >= 4, hours > 0]).toEqual([true, true]);
  });
});
