import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { studyNamed } from '../experiments/studies/index';
import { projectRoot } from '../project';
import { bankSizes, dataSizes, measuredSizes, robustness, totalSizes, tradeOffPoints } from './many-tasks';

/** Scores by seed as the files have them, read without the project's code. */
function scoresIn(study: string, start: string): readonly number[] {
  const place = join(projectRoot(), 'results', study);
  return readdirSync(place)
    .filter((name) => name.startsWith(start) && name.endsWith('.jsonl'))
    .sort()
    .map((name) => {
      const last = readFileSync(join(place, name), 'utf8').trim().split('\n').at(-1) ?? '{}';
      return (JSON.parse(last) as { score: number }).score;
    });
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('views of many tasks', () => {
  it('draw each method less full fine-tuning on the same task, in points, over what it trains', () => {
    const points = tradeOffPoints(studyNamed('trade-off', 'full'));
    expect(new Set(points.map(({ line }) => line))).toEqual(new Set(['adapters', 'top layers', 'LayerNorms']));
    const [small, usual] = points.filter(({ line }) => line === 'adapters').map(({ x }) => x);
    expect(small).toBeLessThan(usual ?? 0);
    const one = points.find(({ line }) => line === 'LayerNorms');
    expect(one?.values.length).toBeGreaterThan(2); // bible-version, sentiment, lexical-field, and what is run beside them
    const [norms, full] = ['layernorm', 'full'].map((name) => mean(scoresIn('many-sentiment', `${name}-sentiment-s`)));
    expect(one?.values[1]).toBeCloseTo(100 * ((norms ?? NaN) - (full ?? NaN)), 6);
  });

  it('draw every seed of a rate, and of a number of examples', () => {
    const rates = robustness(studyNamed('rate-range', 'full'));
    expect([...new Set(rates.map(({ x }) => x))]).toEqual([3e-5, 3e-4, 3e-3, 3e-2]);
    expect(rates.every(({ values }) => values.length === 5)).toBe(true);
    const sizes = dataSizes(studyNamed('data-size', 'full'));
    expect(sizes.map(({ line }) => line)).toEqual(['2560', '2560', '320', '320'].map((count) => `${count} examples`));
    const file = 'houlsby-m4-bible-version-s';
    expect([...(sizes[0]?.values ?? []), ...(sizes[2]?.values ?? [])].sort()).toEqual(
      [...scoresIn('many-bible-version', file)].sort(),
    );
  });

  it('count one model and a share for each task, against a copy for each', () => {
    const points = totalSizes('minilm-l6', ['full', 'houlsby:m=32'], 9);
    const last = points.filter(({ x }) => x === 9).map(({ values }) => values[0]);
    expect(last[0]).toBe(9);
    expect(last[1]).toBeCloseTo(1 + (9 * 314_112) / 22_713_216, 2);
  });

  it('weigh a bank by its files, in megabytes and in models', () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-bank-sizes-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const model = join(folder, 'model.safetensors');
    writeFileSync(model, Buffer.alloc(2e6));
    for (const [name, bytes] of [
      ['one', 20_000],
      ['two', 80_000],
    ] as const) {
      mkdirSync(join(folder, 'bank', name), { recursive: true });
      writeFileSync(join(folder, 'bank', name, 'petl.json'), Buffer.alloc(1000));
      writeFileSync(join(folder, 'bank', name, 'delta.safetensors'), Buffer.alloc(bytes - 1000));
    }
    expect(measuredSizes(join(folder, 'bank'), model)).toEqual([
      { line: 'measured on disk', x: 1, values: [1.01, 1.04] },
      { line: 'measured on disk', x: 2, values: [1.05] },
    ]);
    expect(bankSizes(join(folder, 'bank'), model).rows).toEqual([
      ['the frozen model', '2.00', '1.0000'],
      ['one', '0.02', '0.0100'],
      ['two', '0.08', '0.0400'],
      ['one model and 2 tasks', '2.10', '1.0500'],
    ]);
  });
});
