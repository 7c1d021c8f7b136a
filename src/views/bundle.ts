import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import * as v from 'valibot';
import { UserError } from '../errors';
import { environment } from '../experiments/store/environment';
import { recordAt } from '../experiments/store/read';
import { rowOf } from '../experiments/store/rows';
import { line, nameSchema, runFile, taskName } from '../experiments/store/schema';
import { studyFolder, tiers, type Tier } from '../experiments/store/spec';
import { writeWhole } from '../files';
import { readText, type Schema } from '../json';
import { exportRows, type NamedRows } from './export-study';

/*
 * A study in one archive: its result files, the figures and tables that they give, and a manifest with the hash of each,
 * the versions and the code. From the result files alone the figures can be drawn again, byte for byte.
 */

/** Pages need a copy of Plotly beside them, and are left out. */
const formats = ['svg', 'pdf', 'png', 'csv', 'tex', 'md'] as const;

interface Bundled {
  readonly path: string;
  readonly label: string;
}

interface Manifest {
  readonly format: 1;
  readonly name: string;
  readonly title: string;
  readonly tier: Tier;
  readonly places: readonly { readonly task: string; readonly model: string }[];
  /** Result files in the study's order, below `results/`, under the labels it gives them. */
  readonly runs: readonly Bundled[];
  readonly made: {
    readonly commit: string;
    readonly dirty: boolean;
    readonly code: string;
    readonly versions: Readonly<Record<string, string>>;
  };
  /** SHA-256 of every other file. */
  readonly files: Readonly<Record<string, string>>;
}

const manifestSchema: Schema<Manifest> = v.strictObject({
  format: v.literal(1),
  // files are called after the study
  name: nameSchema,
  title: line,
  tier: v.picklist(tiers),
  places: v.array(v.strictObject({ task: taskName, model: line })),
  runs: v.array(v.strictObject({ path: runFile, label: line })),
  made: v.strictObject({
    commit: v.string(),
    dirty: v.boolean(),
    code: v.string(),
    versions: v.record(v.string(), v.string()),
  }),
  files: v.record(v.string(), v.string()),
});

/** A study's runs on disk, in its order. */
export interface BundleOf {
  readonly name: string;
  readonly title: string;
  readonly tier: Tier;
  readonly places: NamedRows['places'];
  /** Paths of result files and what the study calls them. */
  readonly runs: readonly Bundled[];
}

/** Writes the archive of a study; the same files give the same bytes. @throws UserError where no run has finished */
export async function writeBundle(of: BundleOf, file: string, results?: string): Promise<string> {
  const folder = studyFolder('', of.tier, results); // quick runs may lie anywhere
  const placeOf = (path: string): string => join(of.tier === 'quick' ? 'quick' : '', relative(folder, path));
  const runs = of.runs.map(({ path, label }) => ({ path: placeOf(path).replaceAll('\\', '/'), label }));
  const drawn = await drawnOf(of, (path) => path);
  const stored = Object.fromEntries(of.runs.map(({ path }, i) => [`results/${runs[i]?.path}`, readFileSync(path)]));
  const content: Record<string, Uint8Array> = { ...stored, ...drawn };
  const { commit, dirty, code = 'unknown', versions } = environment();
  const manifest: Manifest = {
    ...{ format: 1, name: of.name, title: of.title, tier: of.tier, runs },
    places: of.places.map(({ task, model }) => ({ task, model })),
    made: { commit, dirty, code, versions },
    files: Object.fromEntries(Object.entries(content).map(([path, bytes]) => [path, hashOf(bytes)])),
  };
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  return writeWhole(file, zipSync({ 'manifest.json': text, ...content }, { mtime: '2020-01-01T00:00:00', level: 6 }));
}

/** What came of drawing a bundle's figures and tables again. */
export interface Redrawn {
  readonly name: string;
  readonly runs: number;
  readonly equal: readonly string[];
  readonly different: readonly string[];
}

/**
 * Holds every file of an archive against its hash, draws figures and tables anew from the result files alone and
 * compares them byte for byte. @throws UserError where the archive is not what was written, or lacks a file that its
 * runs give
 */
export async function redrawBundle(file: string): Promise<Redrawn> {
  const refuse = refusalOf(file);
  const { manifest, content } = openBundle(file, refuse);
  const folder = mkdtempSync(join(tmpdir(), 'petl-bundle-'));
  try {
    for (const { path } of manifest.runs) writeWhole(join(folder, path), content.get(`results/${path}`) ?? '');
    const drawn = await drawnOf(manifest, (path) => join(folder, path));
    const missing = Object.keys(drawn).find((path) => !content.has(path));
    if (missing !== undefined) return refuse(`lacks ${missing}, which its runs give`);
    const kept = [...content.keys()].filter((path) => path.startsWith('figures/'));
    const isEqual = (path: string): boolean =>
      drawn[path] !== undefined && hashOf(drawn[path]) === manifest.files[path];
    return {
      name: manifest.name,
      runs: manifest.runs.length,
      equal: kept.filter(isEqual),
      different: kept.filter((path) => !isEqual(path)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Refuse = (reason: string) => never;

const refusalOf =
  (file: string): Refuse =>
  (reason) => {
    throw new UserError(`${file} ${reason}: make it again with npx petl bundle`);
  };

interface Opened {
  readonly manifest: Manifest;
  /** The other files of the archive by path. */
  readonly content: ReadonlyMap<string, Uint8Array>;
}

/** What an archive holds, every file of it listed, there and with its hash. */
function openBundle(file: string, refuse: Refuse): Opened {
  const content = unzipped(file, refuse);
  const text = Buffer.from(content.get('manifest.json') ?? new Uint8Array()).toString('utf8');
  const read = readText(text, manifestSchema);
  if (read.kind === 'fault') return refuse(`has no manifest that can be read (${read.reason})`);
  content.delete('manifest.json');
  const { files, runs } = read.value;
  for (const [path, hash] of Object.entries(files)) {
    const found = content.get(path);
    if (found === undefined) refuse(`is not what was written: ${path} is missing`);
    else if (hashOf(found) !== hash) refuse(`is not what was written: ${path} has changed`);
  }
  const unlisted = [...content.keys()].find((path) => !Object.hasOwn(files, path));
  if (unlisted !== undefined) refuse(`is not what was written: its manifest does not list ${JSON.stringify(unlisted)}`);
  const astray = runs.find(({ path }) => !content.has(`results/${path}`));
  if (astray !== undefined) refuse(`names a run that it does not hold: ${astray.path}`);
  return { manifest: read.value, content };
}

/** The files of an archive; folders, which some programs write as entries of their own, hold nothing. */
function unzipped(file: string, refuse: Refuse): Map<string, Uint8Array> {
  try {
    const entries = Object.entries(unzipSync(readFileSync(file)));
    return new Map(entries.filter(([path, { length }]) => length > 0 || !path.endsWith('/')));
  } catch {
    return refuse('is no archive that can be read');
  }
}

/** Figures and tables of the runs, by their paths in the archive. */
async function drawnOf(
  { name, title, tier, places, runs }: BundleOf,
  at: (path: string) => string,
): Promise<Record<string, Uint8Array>> {
  const rows = runs.flatMap(({ path, label }) => rowOf(recordAt(at(path))).map((row) => ({ ...row, label })));
  const folder = mkdtempSync(join(tmpdir(), 'petl-figures-'));
  try {
    const paths = await exportRows({ name, title, tier, rows, places }, folder, { formats });
    return Object.fromEntries(paths.map((path) => [`figures/${basename(path)}`, readFileSync(path)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
