import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors';
import { readHashed, writeHashed } from '../hashed';
import { cacheFolder } from '../packages/manifest';
import { ownToken, processes, runTied, type Failure } from '../processes';

/** Name under which `petl fetch` brings the index; it is no pinned package: the release is recorded instead. */
export const DEBIAN_INDEX = 'debian-index';

export interface DebianPackage {
  readonly name: string;
  /** Source package: packages of one source share text. */
  readonly source: string;
  readonly synopsis: string;
  /** Long description, one line a paragraph. */
  readonly description: string;
}

export interface DebianIndex {
  /** Codename and version, such as `bookworm 12.15`, and SHA-256 of the InRelease file they were read with. */
  readonly release: string;
  readonly sha256: string;
  readonly packages: readonly DebianPackage[];
}

function indexPath(): string {
  return join(cacheFolder(), DEBIAN_INDEX, 'index.json');
}

/** Whether the index was brought. */
export function hasDebianIndex(): boolean {
  return existsSync(indexPath());
}

/** The index that was brought; a UserError says how where it is missing. */
export function readDebianIndex(path: string = indexPath()): DebianIndex {
  const text = indexText(path);
  if (text !== undefined) return JSON.parse(text) as DebianIndex;
  throw new UserError(
    `the Debian package index is ${existsSync(path) ? 'damaged' : 'not'} in data/cache: bring it with: npx petl fetch ${DEBIAN_INDEX} (on Debian, with apt-get; elsewhere task news-lead takes its place)`,
  );
}

/** Indexes brought by older versions bear no hash and begin with their JSON. */
function indexText(path: string): string | undefined {
  const text = readHashed(path);
  if (text !== undefined || !existsSync(path)) return text;
  const all = readFileSync(path, 'utf8');
  return all.startsWith('{') && all.endsWith('}') ? all : undefined;
}

/**
 * Brings Debian's package index with apt-get into lists of its own; leaves those of the system alone. Gives the
 * release.
 */
export async function fetchDebianIndex(path: string = indexPath()): Promise<string> {
  if (indexText(path) !== undefined) return readDebianIndex(path).release;
  mkdirSync(dirname(path), { recursive: true });
  processes().removeLeftovers(dirname(path));
  const lists = mkdtempSync(join(dirname(path), `.lists-${ownToken()}-`));
  try {
    mkdirSync(join(lists, 'partial'));
    const options = ['-o', `Dir::State::lists=${lists}`, '-o', 'Acquire::Languages=en'];
    await apt('apt-get', ['update', '-qq', ...options]);
    const index = await readLists(
      await apt('apt-get', [
        'indextargets',
        ...options,
        '--format',
        '$(CREATED_BY)\t$(ORIGIN)\t$(COMPONENT)\t$(CODENAME)\t$(FILENAME)',
      ]),
    );
    writeHashed(path, JSON.stringify(index));
    return index.release;
  } finally {
    rmSync(lists, { recursive: true, force: true });
  }
}

async function apt(command: string, args: readonly string[]): Promise<string> {
  try {
    return await runTied(command, args);
  } catch (error) {
    const { stderr, message } = error as Failure;
    const reason = (stderr.trim() || message).split('\n').pop() ?? '';
    throw new UserError(
      `cannot read the Debian package index (${reason}): it needs Debian with apt-get, a network and the right to run it`,
    );
  }
}

/**
 * Reads the main component of the release itself, whose index changes at point releases only, not its daily updates.
 */
async function readLists(targets: string): Promise<DebianIndex> {
  const rows = targets.split('\n').map((line) => line.split('\t'));
  const main = rows.filter(
    ([, origin, component, codename]) => origin === 'Debian' && component === 'main' && !codename?.includes('-'),
  );
  const packages = main.find(([kind]) => kind === 'Packages')?.[4];
  const translations = main.find(([kind]) => kind === 'Translations')?.[4];
  if (!packages || !translations)
    throw new UserError('apt-get lists no main component of a Debian release: add one to its sources');
  const release = readFileSync(packages.replace(/_main_binary.*$/, '_InRelease'));
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(release.toString('utf8'))?.[1] ?? '';
  const read = (file: string): Promise<string> => apt('/usr/lib/apt/apt-helper', ['cat-file', file]);
  return {
    release: `${field('Codename')} ${field('Version')}`,
    sha256: createHash('sha256').update(release).digest('hex'),
    packages: joinLists(await read(packages), await read(translations)),
  };
}

/** Joins a Packages and a Translation-en file by name and description hash. */
export function joinLists(packages: string, translations: string): readonly DebianPackage[] {
  const long = new Map(stanzas(translations).map((stanza) => [keyOf(stanza), stanza.get('Description-en') ?? '']));
  return stanzas(packages).flatMap((stanza) => {
    const name = stanza.get('Package') ?? '';
    const [synopsis = '', ...lines] = (long.get(keyOf(stanza)) ?? '').split('\n');
    const description = lines
      .join('\n')
      .split(/^ \.$/m)
      .map((paragraph) => paragraph.replace(/\s+/g, ' ').trim())
      .join('\n');
    const source = (stanza.get('Source') ?? name).split(' ')[0] ?? name;
    return synopsis === '' || description === '' ? [] : [{ name, source, synopsis: synopsis.trim(), description }];
  });
}

function keyOf(stanza: ReadonlyMap<string, string>): string {
  return `${stanza.get('Package')} ${stanza.get('Description-md5')}`;
}

/** Fields by name of each paragraph of a Debian control file; continued lines keep their first space. */
function stanzas(text: string): readonly ReadonlyMap<string, string>[] {
  return text
    .split(/\n\n+/)
    .filter((stanza) => stanza !== '')
    .map((stanza) => {
      const fields = stanza.split(/\n(?! )/).map((field) => /^([^:]+):\s?([^]*)$/.exec(field));
      return new Map(fields.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])));
    });
}
