import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { baseGate } from '../experiments/studies/base-gate';
import { existingMethods } from '../experiments/studies/existing-methods';
import { insertionForm } from '../experiments/studies/insertion-form';
import type { Study } from '../experiments/studies/study';
import { demoRows } from '../plots/demo';
import { executeRun } from '../experiments/runner/execute';
import { toyTools } from '../experiments/fixtures/tools';
import { runSpec } from '../experiments/store/spec';
import { bundleOf, storedStudy, writeFigures } from './figure';
import type { RunRow } from '../rows';

describe('the figures of a study', () => {
  let results = '';
  beforeEach(() => {
    results = mkdtempSync(join(tmpdir(), 'petl-figures-'));
    vi.stubEnv('PETL_RESULTS', results);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(results, { recursive: true });
  });

  const pictures = async (make: (tier: 'quick') => Study, rows: readonly RunRow[]): Promise<readonly string[]> =>
    (await writeFigures(make('quick'), rows)).filter((path) => path.endsWith('.png')).map((path) => basename(path));
  const some = demoRows(1, 'one').slice(0, 5);

  it('are one for each task and model, named by what differs in the study', async () => {
    expect(await pictures(insertionForm, [...some, ...some.map((row) => ({ ...row, task: 'two' }))])).toEqual([
      'insertion-form-one.png',
      'insertion-form-two.png',
    ]);
    expect(await pictures(baseGate, [...some, ...some.map((row) => ({ ...row, model: 'other' }))])).toEqual([
      'base-gate-one-demo-model.png',
      'base-gate-one-other.png',
    ]);
    expect(await pictures(existingMethods, some)).toEqual(['existing-methods.png']);
  });

  it('have the same names while some tasks have no runs yet', async () => {
    expect(await pictures(insertionForm, some)).toEqual(['insertion-form-one.png']);
  });

  it('of a question of one’s own, by its name alone, are those of its newest data and settings', async () => {
    const say = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const run = async (method: string, task: string, batch: number, started: string): Promise<void> => {
      vi.setSystemTime(started);
      const spec = runSpec({ study: 'own/mine', tier: 'full', method, task, training: { batch } });
      await executeRun({ spec, label: method }, toyTools, { engine: 'compiled', report: () => undefined, results });
    };
    vi.useFakeTimers({ toFake: ['Date'] });
    await run('head', 'verse-paraphrase', 8, '2026-01-01');
    await run('head', 'sentiment', 8, '2026-01-02');
    await run('head', 'sentiment', 16, '2026-01-03');
    await run('bitfit', 'sentiment', 8, '2026-01-02');
    vi.useRealTimers();
    expect(storedStudy('mine', 'quick').rows.map(({ method, task }) => [method, task])).toEqual([
      ['bitfit', 'sentiment'],
      ['head', 'sentiment'],
    ]);
    expect(say.mock.calls).toEqual([['mine: 2 older runs of other data or settings left out\n']]);
    const { tier, runs } = bundleOf('mine', 'quick');
    expect([tier, runs.length]).toEqual(['full', 2]); // it has no other tier
    say.mockRestore();
    expect(() => storedStudy('yours', 'quick')).toThrow('unknown study "yours"');
  });

  it('are none where nothing but full fine-tuning ran', async () => {
    expect(
      await pictures(
        baseGate,
        demoRows().filter(({ form }) => form === 'full fine-tuning'),
      ),
    ).toEqual([]);
  });
});
