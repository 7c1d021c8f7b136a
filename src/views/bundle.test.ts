import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toyTools } from '../experiments/fixtures/tools';
import { executeRun } from '../experiments/runner/execute';
import { runPath, runSpec } from '../experiments/store/spec';
import { redrawBundle, writeBundle, type BundleOf } from './bundle';

let folder: string;
let of: BundleOf;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'petl-bundled-'));
  const specs = ['lora:r=2', 'head'].flatMap((method) =>
    [1, 2].map((seed) => runSpec({ study: 'toy', method, seed, training: { scored: { validation: 4, test: 4 } } })),
  );
  for (const spec of specs)
    await executeRun({ spec, label: spec.method }, toyTools, {
      engine: 'compiled',
      report: () => undefined,
      results: folder,
    });
  const runs = specs.map((spec) => ({ path: runPath(spec, folder), label: `${spec.method} here` }));
  of = { name: 'toy', title: 'A toy', tier: 'quick', places: specs, runs };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

it('is one archive of a study, the same bytes each time, from which its figures are drawn again byte for byte', async () => {
  const file = await writeBundle(of, join(folder, 'toy.zip'), folder);
  const bytes = readFileSync(file);
  await writeBundle(of, file, folder);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  const found = await redrawBundle(file);
  expect(found).toMatchObject({ name: 'toy', runs: 4, different: [] });
  expect([...found.equal].sort()).toEqual(
    ['toy-table.csv', 'toy-table.md', 'toy-table.tex', 'toy.csv', 'toy.pdf', 'toy.png', 'toy.svg'].map(
      (name) => `figures/${name}`,
    ),
  );

  const content = unzipSync(bytes);
  const run = Object.keys(content).find((path) => path.startsWith('results/')) ?? '';
  const changed = join(folder, 'changed.zip');
  writeFileSync(changed, zipSync({ ...content, [run]: strToU8('{}\n') }));
  await expect(redrawBundle(changed)).rejects.toThrow(`is not what was written: ${run} has changed`);

  // A figure that the results do not give, its hash made to fit.
  const svg = strToU8(strFromU8(content['figures/toy.svg']!).replace('A toy', 'B toy'));
  const manifest = strFromU8(content['manifest.json']!).replace(hash(content['figures/toy.svg']!), hash(svg));
  writeFileSync(changed, zipSync({ ...content, 'figures/toy.svg': svg, 'manifest.json': strToU8(manifest) }));
  expect((await redrawBundle(changed)).different).toEqual(['figures/toy.svg']);
  writeFileSync(changed, 'no archive');
  await expect(redrawBundle(changed)).rejects.toThrow('is no archive that can be read');
});
