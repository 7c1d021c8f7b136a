import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
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

/** What is done while the quick tier's runs are read from another folder. */
async function inQuickFolder<T>(quick: string, then: () => Promise<T>): Promise<T> {
  vi.stubEnv('PETL_QUICK_RESULTS', quick);
  try {
    return await then();
  } finally {
    vi.unstubAllEnvs();
  }
}

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

  const elsewhere = await inQuickFolder(join(folder, 'quick'), () => writeBundle(of, join(folder, 'else.zip')));
  expect(readFileSync(elsewhere).equals(bytes)).toBe(true);

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

describe('an archive that someone changed', () => {
  let content: Record<string, Uint8Array>;
  let manifest: { name: string; title: string; runs: { path: string; label: string }[]; files: Record<string, string> };
  const changed = (): string => {
    const file = join(folder, 'changed.zip');
    writeFileSync(file, zipSync({ ...content, 'manifest.json': strToU8(JSON.stringify(manifest)) }));
    return file;
  };
  let bytes: Buffer;
  beforeAll(async () => {
    bytes = readFileSync(await writeBundle(of, join(folder, 'toy.zip'), folder));
  });
  beforeEach(() => {
    content = unzipSync(bytes);
    manifest = JSON.parse(strFromU8(content['manifest.json']!)) as typeof manifest;
  });

  it.each(['../../outside', '/outside', 'toy\0', 'C:toy', '.toy', ''])('is refused under the name %j', async (name) => {
    manifest.name = name;
    await expect(redrawBundle(changed())).rejects.toThrow(/has no manifest that can be read \("name" should be/);
  });

  it.each(['../toy/run.jsonl', 'toy/../../run.jsonl', '/toy/run.jsonl', 'toy/run\0.jsonl', 'C:/toy/run.jsonl'])(
    'is refused with a run at %j',
    async (path) => {
      const bytes = content[`results/${manifest.runs[0]!.path}`]!;
      content[`results/${path}`] = bytes;
      manifest.files[`results/${path}`] = hash(bytes);
      manifest.runs[0]!.path = path;
      await expect(redrawBundle(changed())).rejects.toThrow(/"runs.0.path" should be the path of a run/);
    },
  );

  it('is refused where a title is more than a line', async () => {
    manifest.title = 'a\0b';
    await expect(redrawBundle(changed())).rejects.toThrow('"title" should be one line of text');
  });

  it('is refused where figures are missing, be it from the archive or from its list too', async () => {
    delete content['figures/toy.svg'];
    await expect(redrawBundle(changed())).rejects.toThrow('is not what was written: figures/toy.svg is missing');
    delete manifest.files['figures/toy.svg'];
    await expect(redrawBundle(changed())).rejects.toThrow('lacks figures/toy.svg, which its runs give');
    const others = <T>(of: Record<string, T>): Record<string, T> =>
      Object.fromEntries(Object.entries(of).filter(([path]) => !path.startsWith('figures/')));
    content = others(content);
    manifest.files = others(manifest.files);
    await expect(redrawBundle(changed())).rejects.toThrow(/lacks figures\/.*, which its runs give/);
  });

  it.each(['figures/toy-more.svg', 'results/toy/more.jsonl', 'notes.txt', 'toString'])(
    'is refused with a file %s that its manifest does not list',
    async (path) => {
      content[path] = strToU8('more');
      await expect(redrawBundle(changed())).rejects.toThrow(`its manifest does not list "${path}"`);
    },
  );

  it('is refused where it lists a file that is none, and may name its folders', async () => {
    content['figures/'] = new Uint8Array();
    expect((await redrawBundle(changed())).different).toEqual([]);
    manifest.files['toString'] = hash(strToU8(''));
    await expect(redrawBundle(changed())).rejects.toThrow('toString is missing');
  });
});
