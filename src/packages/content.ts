import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { readText, real, recordOf, whole, type Schema } from '../json';
import { cacheFolder, folderName, isUnpacked, packageNamed, wantedBy, type PackageSource } from './manifest';

/** What an unpacked file was when its hash was taken. */
export interface Stamp {
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

/** Stamps by path, with forward slashes. */
export type Stamps = Readonly<Record<string, Stamp>>;

const stamps: Schema<Stamps> = recordOf(v.strictObject({ bytes: whole, mtimeMs: real, sha256: v.string() }));

/** How much is looked at: sizes and times of the files, or all they hold. */
export type Depth = 'stamps' | 'whole';

/** What lies in the cache for a package; `damaged` names a file that is not what was unpacked. */
export type Cached =
  { readonly kind: 'complete' } | { readonly kind: 'missing' } | { readonly kind: 'damaged'; readonly file: string };

const STAMPS = '.files.json';

/** SHA-256 over lines `hash  path`, as `sha256sum` prints them, in the order of the paths. */
export function contentHash(stamps: Readonly<Record<string, Pick<Stamp, 'sha256'>>>): string {
  const lines = Object.entries(stamps)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { sha256 }]) => `${sha256}  ${path}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** Stamps of the files below a folder whose paths are wanted; all of them are read. */
export function stampsOf(folder: string, wanted: (path: string) => boolean): Stamps {
  const stamps: Record<string, Stamp> = {};
  for (const path of filesBelow(folder).filter(wanted)) {
    const file = join(folder, path);
    const { size: bytes, mtimeMs } = statSync(file);
    stamps[path] = { bytes, mtimeMs, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
  }
  return stamps;
}

function filesBelow(folder: string, root: string = folder): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path, root) : [relative(root, path).split(sep).join('/')];
  });
}

/** Kept beside the files, so that a load need not read them all to know them. */
export function keepStamps(folder: string, stamps: Stamps): void {
  writeFileSync(join(folder, STAMPS), JSON.stringify(stamps));
}

/**
 * Looks at an unpacked package. Where sizes and times are those of the last look nothing is read, unless `whole` is
 * asked for; a folder that was copied is read once, held against the pinned hash, and known from then on.
 */
export function lookAt(source: PackageSource, depth: Depth, cache: string = cacheFolder()): Cached {
  if (!isUnpacked(source, cache)) return { kind: 'missing' };
  const folder = join(cache, folderName(source));
  const kept = keptStamps(folder);
  const known = kept !== undefined && contentHash(kept) === source.content;
  if (depth === 'stamps' && known && Object.entries(kept).every(([path, stamp]) => isAsStamped(folder, path, stamp)))
    return { kind: 'complete' };
  const now = stampsOf(folder, wantedBy(source));
  if (contentHash(now) !== source.content) return { kind: 'damaged', file: firstDifference(known ? kept : {}, now) };
  tryToKeep(folder, now);
  return { kind: 'complete' };
}

/**
 * Whether the files of a folder that carries its own stamps are those that were stamped: by size and time, else by hash.
 * One from before there were stamps is taken as it is.
 */
export function isAsKept(folder: string): boolean {
  const kept = keptStamps(folder);
  if (kept === undefined) return !existsSync(join(folder, STAMPS));
  if (Object.entries(kept).every(([path, stamp]) => isAsStamped(folder, path, stamp))) return true;
  const now = stampsOf(folder, (path) => kept[path] !== undefined);
  if (contentHash(now) !== contentHash(kept)) return false;
  tryToKeep(folder, now);
  return true;
}

/** Unreadable or of another form: as if there were none. */
function keptStamps(folder: string): Stamps | undefined {
  try {
    const kept = readText(readFileSync(join(folder, STAMPS), 'utf8'), stamps);
    return kept.kind === 'value' ? kept.value : undefined;
  } catch {
    return undefined;
  }
}

function isAsStamped(folder: string, path: string, { bytes, mtimeMs }: Stamp): boolean {
  const found = statSync(join(folder, path), { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === bytes && found.mtimeMs === mtimeMs;
}

function firstDifference(kept: Stamps, now: Stamps): string {
  const paths = [...new Set([...Object.keys(kept), ...Object.keys(now)])].sort();
  return paths.find((path) => kept[path] !== undefined && kept[path]?.sha256 !== now[path]?.sha256) ?? 'a file';
}

/** In a checkout that this user may not write to, the files are read anew each time. */
function tryToKeep(folder: string, stamps: Stamps): void {
  try {
    writeWhole(join(folder, STAMPS), JSON.stringify(stamps));
  } catch {
    /* slower, not wrong */
  }
}

/** Folder of the unpacked package `name`, whose files are those that were unpacked. */
export function packageFolder(name: string): string {
  const source = packageNamed(name);
  const found = lookAt(source, 'stamps');
  if (found.kind === 'complete') return join(cacheFolder(), folderName(source));
  throw new UserError(`package "${name}" ${whatIsWrong(found)}: bring it with: npx petl fetch ${name}`);
}

/** Words for what is not complete. */
export function whatIsWrong(found: Exclude<Cached, { readonly kind: 'complete' }>): string {
  return found.kind === 'missing' ? 'is not in data/cache' : `is damaged in data/cache (${found.file})`;
}
