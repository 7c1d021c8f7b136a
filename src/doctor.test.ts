import { describe, expect, it } from 'vitest';
import { doctor, renderChecks } from './doctor';

describe('doctor', () => {
  it('uses what it checks: engine, kernel and Jupyter answer with their versions', async () => {
    const checks = await doctor();
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    const value = (name: string): string | undefined => checks.find((check) => check.name === name)?.value;
    expect(value('engine')).toMatch(/^tfjs-node \d+\.\d+\.\d+, TensorFlow \d+\.\d+/);
    expect(value('jupyter')).toMatch(/^JupyterLab \d+\.\d+\.\d+, Python 3\./);
  });

  it('puts the remedy below what is wrong', () => {
    const text = renderChecks([
      { name: 'node', value: '20.20.2', ok: true, remedy: '' },
      { name: 'kernel', value: 'the tslab kernel is not registered', ok: false, remedy: 'npm run setup' },
    ]);
    expect(text.split('\n')).toEqual([
      'ok   node    20.20.2',
      'FAIL kernel  the tslab kernel is not registered',
      '             remedy: npm run setup',
      '1 of 2 checks failed.',
    ]);
  });
});
