import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { passesTable, twiceTable } from './recursive';

const folder = mkdtempSync(join(tmpdir(), 'petl-twice-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('shows what two passes hold as it was measured, and nothing where it was not', () => {
  expect(twiceTable(folder)).toBeUndefined();
  const cell = { once: { restMb: 400, peakMb: 600 }, twice: { restMb: 400, peakMb: 760 }, ratio: 0.9, met: true };
  mkdirSync(join(folder, 'bench'));
  const path = join(folder, 'bench', 'twice.json');
  writeFileSync(path, JSON.stringify({ cells: [{ model: 'tiny', batch: 8, tokens: 64, ...cell }] }));
  expect(twiceTable(folder)?.rows).toEqual([['tiny', '8 x 64', '400', '600', '760', '0.90']]);
  writeFileSync(path, '{"cells":[{}]}');
  expect(() => twiceTable(folder)).toThrow(/npm run bench -- --only twice/);
});

it('shows what a written prompt and a second pass cost beside a plain prompt', () => {
  expect(passesTable(folder)).toBeUndefined();
  const path = join(folder, 'bench', 'passes.json');
  const cost = (method: string, stepMs: number, answerMs: number): object => ({ method, stepMs, answerMs });
  const costs = { prompt: cost('a', 100, 1000), own: cost('b', 120, 1010), other: cost('c', 99, 1000) };
  writeFileSync(path, JSON.stringify({ models: [{ model: 'tiny', ...costs, twice: cost('d', 210, 1900) }] }));
  expect(passesTable(folder)?.rows.slice(1)).toEqual([
    ['tiny', 'b', '120', '+20%', '1010', '+1%'],
    ['tiny', 'c', '99', '-1%', '1000', '+0%'],
    ['tiny', 'd', '210', '+110%', '1900', '+90%'],
  ]);
  writeFileSync(path, '{"models":[{"model":"tiny"}]}');
  expect(() => passesTable(folder)).toThrow(/node bench\/passes.mjs/);
});
