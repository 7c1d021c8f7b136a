import type { ReadEntry } from 'tar';
import { UserError } from '../errors';
import { wildcard } from '../packages/manifest';

export interface ArchiveFile {
  /** Path below the wanted root, with forward slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

interface Wanted {
  readonly root: string;
  readonly unpack: readonly string[];
}

/**
 * The wanted files of a zip (`.whl`, `.zip`) or gzipped tar (`.tar.gz`, `.tgz`), in memory. Nothing in the archive is
 * run or written.
 * Every entry's name is checked, also of entries that are not wanted; an escaping or absolute path, a wanted link, a
 * damaged
 * archive and a wanted path that is missing are UserErrors that name archive and entry.
 */
export async function readArchive(name: string, bytes: Uint8Array, wanted: Wanted): Promise<readonly ArchiveFile[]> {
  const [outer, ...inner] = wanted.root.split('!');
  if (outer !== undefined && inner.length > 0) {
    const [nested] = await filesOf(name, bytes, (path) => path === outer);
    if (!nested) throw new UserError(`${name} holds no "${outer}": correct "root" in data/packages.json`);
    return readArchive(`${name}!${outer}`, nested.bytes, { ...wanted, root: inner.join('!') });
  }
  const prefix = wanted.root === '' ? '' : `${wanted.root}/`;
  const patterns = wanted.unpack.map((glob) => ({ glob, matches: wildcard(prefix + glob) }));
  const files = await filesOf(name, bytes, (path) => patterns.some(({ matches }) => matches(path)));
  const missing = patterns.find(({ matches }) => !files.some((file) => matches(file.path)));
  if (missing)
    throw new UserError(`${name} holds no "${prefix}${missing.glob}": correct "unpack" in data/packages.json`);
  return files.map((file) => ({ path: file.path.slice(prefix.length), bytes: file.bytes }));
}

type Want = (path: string) => boolean;

async function filesOf(name: string, bytes: Uint8Array, want: Want): Promise<readonly ArchiveFile[]> {
  try {
    return await (/\.(whl|zip)$/.test(name) ? zipFiles(name, bytes, want) : tarFiles(name, bytes, want));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${name} is damaged or cut off (${(error as Error).message}): fetch it again`);
  }
}

async function zipFiles(name: string, bytes: Uint8Array, want: Want): Promise<readonly ArchiveFile[]> {
  const { unzipSync } = await import('fflate');
  const filter = (entry: { readonly name: string }): boolean => {
    refuseEscape(name, entry.name);
    return !entry.name.endsWith('/') && want(entry.name);
  };
  return Object.entries(unzipSync(bytes, { filter })).map(([path, content]) => ({ path, bytes: content }));
}

async function tarFiles(name: string, bytes: Uint8Array, want: Want): Promise<readonly ArchiveFile[]> {
  const { list } = await import('tar');
  const files: Promise<ArchiveFile>[] = [];
  let refusal: unknown;
  const onReadEntry = (entry: ReadEntry): void => {
    try {
      refuseEscape(name, entry.path);
      if (want(entry.path)) files.push(tarFile(name, entry));
    } catch (error) {
      refusal ??= error;
    }
    entry.resume();
  };
  await new Promise<void>((resolve, reject) => {
    const parser = list({ strict: true, onReadEntry });
    parser.on('end', resolve);
    parser.on('error', reject);
    parser.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
  if (refusal) throw refusal;
  return Promise.all(files);
}

/** Collects an entry while the parser reads on; `promise` is not awaited inside the parser's callback. */
function tarFile(name: string, entry: ReadEntry): Promise<ArchiveFile> {
  if (entry.type !== 'File' && entry.type !== 'OldFile') {
    throw new UserError(
      `${name} holds "${entry.path}" as ${entry.type}, not as a plain file: refused, nothing was unpacked`,
    );
  }
  const path = entry.path;
  const parts: Buffer[] = [];
  entry.on('data', (part: Buffer) => parts.push(Buffer.from(part)));
  return new Promise((resolve, reject) => {
    entry.on('end', () => resolve({ path, bytes: Buffer.concat(parts) }));
    entry.on('error', reject);
  });
}

function refuseEscape(archive: string, path: string): void {
  const escapes = /^([/\\]|[A-Za-z]:)/.test(path) || path.split(/[/\\]/).includes('..') || path.includes('\0');
  if (escapes) throw new UserError(`${archive} holds the escaping path "${path}": refused, nothing was unpacked`);
}
