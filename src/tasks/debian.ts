import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../errors';
import { readHashed, writeHashed } from '../hashed';
import { readText, recordOf, type Schema } from '../json';
import { cacheFolder } from '../packages/manifest';
import {
  bringDebianLists,
  bringDebianSections,
  type DebianLists,
  type DebianPackage,
  type DebianSections,
} from './debian-lists';

/** Names under which `petl fetch` brings the index and its translations; no pinned packages: the release is recorded. */
export const DEBIAN_INDEX = 'debian-index';
export const DEBIAN_TRANSLATIONS = 'debian-translations';
export const DEBIAN_SECTIONS = 'debian-sections';

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
  const index = readIndex(path);
  if (index !== undefined) return index;
  throw new UserError(
    `the Debian package index is ${existsSync(path) ? 'damaged' : 'not'} in data/cache: bring it with: npx petl fetch ${DEBIAN_INDEX} (on Debian, with apt-get; elsewhere task news-lead takes its place)`,
  );
}

/** What other languages say of the packages of the index; of another release than the index they are refused. */
export function readDebianTranslations(
  { release, sha256 }: DebianIndex,
  path: string = pathOf('translations.json'),
): DebianLists['languages'] {
  const found = readLists(path);
  if (found?.sha256 === sha256) return found.languages;
  const why = found === undefined ? 'are not in data/cache' : `are of ${found.release}, the index of ${release}`;
  throw new UserError(
    `the translations of the Debian package index ${why}: remove data/cache/${DEBIAN_INDEX} and bring both with: npx petl fetch ${DEBIAN_INDEX} ${DEBIAN_TRANSLATIONS}`,
  );
}

/** The section of each package of the index; of another release than the index they are refused. */
export function readDebianSections(
  { release, sha256 }: DebianIndex,
  path: string = pathOf('sections.json'),
): DebianSections['sections'] {
  const found = valueOf(readHashed(path), sectionsIn);
  if (found?.sha256 === sha256) return found.sections;
  const why = found === undefined ? 'are not in data/cache' : `are of ${found.release}, the index of ${release}`;
  throw new UserError(
    `the sections of the Debian package index ${why}: remove data/cache/${DEBIAN_INDEX} and bring both with: npx petl fetch ${DEBIAN_INDEX} ${DEBIAN_SECTIONS}`,
  );
}

/** Whether they were brought. */
export function hasDebianSections(): boolean {
  return existsSync(pathOf('sections.json'));
}

const named = { release: v.string(), sha256: v.string() };
const packagesIn = v.array(
  v.strictObject({ name: v.string(), source: v.string(), synopsis: v.string(), description: v.string() }),
);
const indexIn: Schema<DebianIndex> = v.looseObject({ ...named, packages: packagesIn });
const sectionsIn: Schema<DebianSections> = v.looseObject({ ...named, sections: recordOf(v.string()) });
const listsIn: Schema<DebianLists> = v.looseObject({ ...named, languages: recordOf(packagesIn) });

/** Undefined where there is none, or a damaged one. Indexes brought by older versions bear no hash. */
function readIndex(path: string): DebianIndex | undefined {
  return valueOf(readHashed(path) ?? (existsSync(path) ? readFileSync(path, 'utf8') : undefined), indexIn);
}

function readLists(path: string): DebianLists | undefined {
  return valueOf(readHashed(path), listsIn);
}

function valueOf<T>(text: string | undefined, schema: Schema<T>): T | undefined {
  const read = text === undefined ? undefined : readText(text, schema);
  return read?.kind === 'value' ? read.value : undefined;
}

/** Brings Debian's package index. Gives the release. */
export async function fetchDebianIndex(path: string = pathOf('index.json')): Promise<string> {
  const index = readIndex(path);
  if (index !== undefined) return index.release;
  const { languages, ...lists } = await bringDebianLists(dirname(path), ['en']);
  writeHashed(path, JSON.stringify({ ...lists, packages: languages['en'] }));
  return lists.release;
}

/** Brings the index's translations. Gives the release. */
export async function fetchDebianTranslations(path: string = pathOf('translations.json')): Promise<string> {
  const found = readLists(path);
  if (found !== undefined) return found.release;
  const lists = await bringDebianLists(dirname(path), debianLanguages);
  writeHashed(path, JSON.stringify(lists));
  return lists.release;
}

/** Brings the sections of the index's packages. Gives the release. */
export async function fetchDebianSections(path: string = pathOf('sections.json')): Promise<string> {
  const found = valueOf(readHashed(path), sectionsIn);
  if (found !== undefined) return found.release;
  const brought = await bringDebianSections(dirname(path));
  writeHashed(path, JSON.stringify(brought));
  return brought.release;
}
