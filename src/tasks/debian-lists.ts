import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { ownToken, processes, runTied, type Failure } from '../processes';

export interface DebianPackage {
  readonly name: string;
  /** Source package: packages of one source share text. */
  readonly source: string;
  readonly synopsis: string;
  /** Long description, one line a paragraph. */
  readonly description: string;
}

/** The packages of a release as each language describes them. */
export interface DebianLists {
  /** Codename and version, such as `bookworm 12.15`, and SHA-256 of the InRelease file they were read with. */
  readonly release: string;
  readonly sha256: string;
  readonly languages: Readonly<Record<string, readonly DebianPackage[]>>;
}

/** The section of each package of a release, such as `python` or `games`. */
export interface DebianSections extends Pick<DebianLists, 'release' | 'sha256'> {
  readonly sections: Readonly<Record<string, string>>;
}

/**
 * Brings Debian's package lists with apt-get into a folder of their own below `folder`; leaves those of the system
 * alone.
 * @throws UserError where there is no apt-get, no network or no such list
 */
export function bringDebianLists(folder: string, languages: readonly string[]): Promise<DebianLists> {
  return fromApt(folder, languages, readLists);
}

/** Brings the sections in the same way. */
export function bringDebianSections(folder: string): Promise<DebianSections> {
  return fromApt(folder, ['none'], async ({ packages, read, ...release }) => ({
    ...release,
    sections: sectionsIn(await read(packages)),
  }));
}

/** The section of each package in a Packages file; of `contrib/net` the last part. */
export function sectionsIn(packages: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    stanzas(packages).map((stanza) => [stanza.get('Package') ?? '', stanza.get('Section')?.split('/').pop() ?? '']),
  );
}

/** What apt-get brought: the Packages file of the main component, the release, and how files are found and read. */
interface Brought extends Pick<DebianLists, 'release' | 'sha256'> {
  readonly packages: string;
  readonly named: (pattern: RegExp) => string;
  readonly read: (file: string) => Promise<string>;
}

async function fromApt<T>(
  folder: string,
  languages: readonly string[],
  of: (brought: Brought, languages: readonly string[]) => Promise<T>,
): Promise<T> {
  mkdirSync(folder, { recursive: true });
  processes().removeLeftovers(folder);
  const lists = mkdtempSync(join(folder, `.lists-${ownToken()}-`));
  try {
    mkdirSync(join(lists, 'partial'));
    const options = ['-o', `Dir::State::lists=${lists}`, '-o', `Acquire::Languages=${languages.join(',')}`];
    await apt('apt-get', ['update', '-qq', ...options]);
    const format = '$(CREATED_BY)\t$(ORIGIN)\t$(COMPONENT)\t$(CODENAME)\t$(FILENAME)';
    return await of(brought(await apt('apt-get', ['indextargets', ...options, '--format', format])), languages);
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
 * Finds the main component of the release itself, whose index changes at point releases only, not its daily updates.
 */
function brought(targets: string): Brought {
  const files = targets
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(
      ([, origin, component, codename]) => origin === 'Debian' && component === 'main' && !codename?.includes('-'),
    )
    .map(([, , , , file = '']) => file);
  const named = (pattern: RegExp): string => {
    const file = files.find((name) => pattern.test(name));
    if (file === undefined)
      throw new UserError('apt-get lists no main component of a Debian release: add one to its sources');
    return file;
  };
  const packages = named(/_Packages\b/);
  const release = readFileSync(packages.replace(/_main_binary.*$/, '_InRelease'));
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(release.toString('utf8'))?.[1] ?? '';
  return {
    packages,
    named,
    read: (file) => apt('/usr/lib/apt/apt-helper', ['cat-file', file]),
    release: `${field('Codename')} ${field('Version')}`,
    sha256: createHash('sha256').update(release).digest('hex'),
  };
}

async function readLists(
  { packages, named, read, ...release }: Brought,
  languages: readonly string[],
): Promise<DebianLists> {
  const index = await read(packages);
  const described: Record<string, readonly DebianPackage[]> = {};
  for (const language of languages)
    described[language] = joinLists(index, await read(named(new RegExp(`_Translation-${language}\\b`))), language);
  return { ...release, languages: described };
}

/** Joins a Packages and a Translation file by name and description hash. */
export function joinLists(packages: string, translations: string, language = 'en'): readonly DebianPackage[] {
  const long = new Map(
    stanzas(translations).map((stanza) => [keyOf(stanza), stanza.get(`Description-${language}`) ?? '']),
  );
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
