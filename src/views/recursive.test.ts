import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { twiceTable } from './recursive';

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
