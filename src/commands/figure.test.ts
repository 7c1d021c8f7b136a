import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { baseGate } from '../experiments/studies/base-gate';
import { demoRows } from '../plots/demo';
import { exportStudy } from './figure';

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

  const pictures = async (rows: Parameters<typeof exportStudy>[1]): Promise<readonly string[]> => (
    (await exportStudy(baseGate('quick'), rows)).filter((path) => path.endsWith('.png')).map((path) => basename(path)));

  it('are one for each task and model, named by what differs', async () => {
    const some = demoRows(1, 'one').slice(0, 5);
    expect(await pictures(some)).toEqual(['base-gate.png']);
    expect(await pictures([...some, ...some.map((row) => ({ ...row, task: 'two' })), ...some.map((row) => ({ ...row, model: 'other' }))])).toEqual([
      'base-gate-one-demo-model.png', 'base-gate-two-demo-model.png', 'base-gate-one-other.png']);
  });

  it('are none where nothing but full fine-tuning ran', async () => {
    expect(await pictures(demoRows().filter(({ form }) => form === 'full fine-tuning'))).toEqual([]);
  });
});
