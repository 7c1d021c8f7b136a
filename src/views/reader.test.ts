import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readers } from '../experiments/studies/reader';
import { passageCurve } from './reader';

const results = mkdtempSync(join(tmpdir(), 'petl-reader-'));
afterAll(() => rmSync(results, { recursive: true }));

it('has one place for each order and number of passages, whatever else they are asked under', () => {
  const points = passageCurve(readers('full'), 'SmolLM2, prompt l=20', results);
  const places = points.map(({ line, x }) => `${line} ${x}`);
  expect(places.sort()).toEqual([
    'as found 1',
    'as found 4',
    'as found 8',
    ...[1, 2, 4, 8].map((n) => `re-ranked ${n}`),
  ]);
});
