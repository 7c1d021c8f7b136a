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
import { resultsFolder } from '../experiments/store/spec';
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
  readonly tier: string;
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
  name: v.string(),
  title: v.string(),
  tier: v.string(),
  places: v.array(v.strictObject({ task: v.string(), model: v.string() })),
  runs: v.array(v.strictObject({ path: v.string(), label: v.string() })),
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
  readonly tier: string;
  readonly places: NamedRows['places'];
  /** Paths of result files and what the study calls them. */
  readonly runs: readonly Bundled[];
}

/** Writes the archive of a study; the same files give the same bytes. @throws UserError where no run has finished */
export async function writeBundle(of: BundleOf, file: string, results: string = resultsFolder()): Promise<string> {
  const runs = of.runs.map(({ path, label }) => ({ path: relative(results, path).replaceAll('\\', '/'), label }));
  const drawn = await drawnOf({ ...of, runs }, results);
  const stored = Object.fromEntries(runs.map(({ path }) => [`results/${path}`, readFileSync(join(results, path))]));
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
 * compares them byte for byte. @throws UserError where the archive is not what was written
 */
export async function redrawBundle(file: string): Promise<Redrawn> {
  const { manifest, content } = openBundle(file);
  const folder = mkdtempSync(join(tmpdir(), 'petl-bundle-'));
  try {
    for (const { path } of manifest.runs)
      writeWhole(join(folder, path), content[`results/${path}`] ?? new Uint8Array());
    const drawn = await drawnOf(manifest, folder);
    const kept = Object.keys(content).filter((path) => path.startsWith('figures/'));
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

function openBundle(file: string): {
  readonly manifest: Manifest;
  readonly content: Readonly<Record<string, Uint8Array>>;
} {
  const refuse = (reason: string): never => {
    throw new UserError(`${file} ${reason}: make it again with npx petl bundle`);
  };
  const content = unzipped(file, refuse);
  const read = readText(Buffer.from(content['manifest.json'] ?? new Uint8Array()).toString('utf8'), manifestSchema);
  if (read.kind === 'fault') return refuse(`has no manifest (${read.reason})`);
  const { files, runs } = read.value;
  const changed = Object.entries(files).find(
    ([path, hash]) => content[path] === undefined || hashOf(content[path]) !== hash,
  );
  if (changed !== undefined) refuse(`is not what was written: ${changed[0]} has changed`);
  const astray = runs.find(
    ({ path }) => files[`results/${path}`] === undefined || /(?:^|[\\/])\.\.|^[\\/]|:/.test(path),
  );
  if (astray !== undefined) refuse(`names a run that it does not hold: ${astray.path}`);
  return { manifest: read.value, content };
}

function unzipped(file: string, refuse: (reason: string) => never): Record<string, Uint8Array> {
  try {
    return unzipSync(readFileSync(file));
  } catch {
    return refuse('is no archive that can be read');
  }
}

/** Figures and tables of the runs in a folder of results, by their paths in the archive. */
async function drawnOf(
  { name, title, tier, places, runs }: BundleOf,
  results: string,
): Promise<Record<string, Uint8Array>> {
  const rows = runs.flatMap(({ path, label }) =>
    rowOf(recordAt(join(results, path))).map((row) => ({ ...row, label })),
  );
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
