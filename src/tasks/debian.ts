import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors';
import { readHashed, writeHashed } from '../hashed';
import { cacheFolder } from '../packages/manifest';
import { bringDebianLists, type DebianLists, type DebianPackage } from './debian-lists';

/** Names under which `petl fetch` brings the index and its translations; no pinned packages: the release is recorded. */
export const DEBIAN_INDEX = 'debian-index';
export const DEBIAN_TRANSLATIONS = 'debian-translations';

/** Languages into which enough packages are translated to learn from. */
export const debianLanguages = ['de', 'it', 'fr', 'da'] as const;

export interface DebianIndex {
  /** Codename and version, such as `bookworm 12.15`, and SHA-256 of the InRelease file they were read with. */
  readonly release: string;
  readonly sha256: string;
  readonly packages: readonly DebianPackage[];
}

function pathOf(file: string): string {
  return join(cacheFolder(), DEBIAN_INDEX, file);
}

/** Whether the index was brought. */
export function hasDebianIndex(): boolean {
  return existsSync(pathOf('index.json'));
}

/** The index that was brought; a UserError says how where it is missing. */
export function readDebianIndex(path: string = pathOf('index.json')): DebianIndex {
  const text = indexText(path);
  if (text !== undefined) return JSON.parse(text) as DebianIndex;
  throw new UserError(
    `the Debian package index is ${existsSync(path) ? 'damaged' : 'not'} in data/cache: bring it with: npx petl fetch ${DEBIAN_INDEX} (on Debian, with apt-get; elsewhere task news-lead takes its place)`,
  );
}

/** What other languages say of the packages of the index; of another release than the index they are refused. */
export function readDebianTranslations(
  { release, sha256 }: DebianIndex,
  path: string = pathOf('translations.json'),
): DebianLists['languages'] {
  const text = readHashed(path);
  const found = text === undefined ? undefined : (JSON.parse(text) as DebianLists);
  if (found?.sha256 === sha256) return found.languages;
  const why = found === undefined ? 'are not in data/cache' : `are of ${found.release}, the index of ${release}`;
  throw new UserError(
    `the translations of the Debian package index ${why}: remove data/cache/${DEBIAN_INDEX} and bring both with: npx petl fetch ${DEBIAN_INDEX} ${DEBIAN_TRANSLATIONS}`,
  );
}

/** Indexes brought by older versions bear no hash and begin with their JSON. */
function indexText(path: string): string | undefined {
  const text = readHashed(path);
  if (text !== undefined || !existsSync(path)) return text;
  const all = readFileSync(path, 'utf8');
  return all.startsWith('{') && all.endsWith('}') ? all : undefined;
}

/** Brings Debian's package index. Gives the release. */
export async function fetchDebianIndex(path: string = pathOf('index.json')): Promise<string> {
  if (indexText(path) !== undefined) return readDebianIndex(path).release;
  const { languages, ...lists } = await bringDebianLists(dirname(path), ['en']);
  writeHashed(path, JSON.stringify({ ...lists, packages: languages['en'] }));
  return lists.release;
}

/** Brings the index's translations. Gives the release. */
export async function fetchDebianTranslations(path: string = pathOf('translations.json')): Promise<string> {
  const text = readHashed(path);
  if (text !== undefined) return (JSON.parse(text) as DebianLists).release;
  const lists = await bringDebianLists(dirname(path), debianLanguages);
  writeHashed(path, JSON.stringify(lists));
  return lists.release;
}
