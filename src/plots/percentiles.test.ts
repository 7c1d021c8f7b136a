import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportFigure } from './export';
import { percentileBands } from './percentiles';
import { quantileOf } from './quantile';

describe('percentile bands', () => {
  it('show the median and the 20th and 80th percentile of each place', () => {
    expect([0.2, 0.5, 0.8].map((q) => quantileOf([5, 1, 3, 2, 4, 6], q))).toEqual([2, 3.5, 5]);
    const drawn = percentileBands(
      [
        { line: 'adapters', x: 100, values: [-1, -2, -3, -4, -5, -6] },
        { line: 'adapters', x: 10, values: [-2] },
        { line: 'top layers', x: 1000, values: [] },
      ],
      { name: 'trade-off', title: 'Trade-off', x: 'trained', y: 'points', log: true },
    );
    expect(drawn.numbers).toEqual([
      { line: 'adapters', x: 10, low: -2, middle: -2, high: -2, count: 1 },
      { line: 'adapters', x: 100, low: -5, middle: -3.5, high: -2, count: 6 },
    ]);
  });

  it.each([
    ['learning rates as powers', [1e-4, 1e-3, 1e-2], ['1e−4', '1e−3', '0.01']],
    ['learning rates between powers', [3e-5, 3e-4, 3e-3, 3e-2], ['1e−4', '1e−3', '0.01']],
    ['counts in short', [1e3, 1e4, 1e5], ['1000', '10k', '100k']],
  ])('write %s', async (_, places, ticks) => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-ticks-'));
    const points = places.map((x, i) => ({ line: 'adapters', x, values: [i] }));
    const drawn = percentileBands(points, { name: 'a', title: 'A', x: 'x', y: 'points', log: true });
    const [path = ''] = await exportFigure(drawn, folder, { formats: ['svg'] });
    const svg = readFileSync(path, 'utf8');
    rmSync(folder, { recursive: true });
    const said = [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/gs)].map(([, text]) => text?.replace(/<[^>]*>/g, ''));
    expect(said).toEqual(expect.arrayContaining(ticks));
    expect(svg).not.toContain('μ');
  });
});
