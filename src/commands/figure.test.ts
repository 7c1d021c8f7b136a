import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { baseGate } from '../experiments/studies/base-gate';
import { existingMethods } from '../experiments/studies/existing-methods';
import { insertionForm } from '../experiments/studies/insertion-form';
import type { Study } from '../experiments/studies/study';
import { demoRows } from '../plots/demo';
import { writeFigures } from './figure';
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

  it('are none where nothing but full fine-tuning ran', async () => {
    expect(
      await pictures(
        baseGate,
        demoRows().filter(({ form }) => form === 'full fine-tuning'),
      ),
    ).toEqual([]);
  });
});
