import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as v from 'valibot';
import { readHashed, writeHashed } from '../../hashed';
import { anyObject, readText, type Schema } from '../../json';
import { projectRoot } from '../../project';
import { believed } from './damage';
import { entryOf, type RunEntry } from './entry';
import { readRun } from './read';
import { hash8, resultsFolder } from './spec';
import { makeFolders } from '../../files';

/*
 * A list of thousands of runs without reading thousands of files: what each file held when it was last read, by its size
 * and times. The list is a cache in `.cache`; without it, or where a file has changed, files are read again.
 */

/** Grows whenever an entry has other fields. */
const version = 2;

interface Kept {
  /** Size and times of the file. */
  readonly stamp: string;
  /** Null for a file that must not be believed. */
  readonly entry: RunEntry | null;
}

interface Index {
  readonly version: number;
  readonly files: Readonly<Record<string, Kept>>;
}

/** The file bears its own hash: what stands in the entries was checked when it was written. */
const kept = v.looseObject({ version: v.literal(version), files: anyObject }) as unknown as Schema<Index>;

/** Every finished run below a folder of results, in the order of the paths; damaged files are named and left out. */
export function listRuns(results: string = resultsFolder(), cache: string = indexPath(results)): readonly RunEntry[] {
  const before = readIndex(cache);
  let fresh = 0;
  const files: Record<string, Kept> = {};
  for (const path of runFilesBelow(results)) {
    const stamp = stampOf(join(results, path));
    const known = Object.hasOwn(before, path) ? before[path] : undefined;
    if (known?.stamp === stamp && known.entry !== null) files[path] = known;
    else {
      files[path] = { stamp, entry: readEntry(results, path) };
      fresh += 1;
    }
  }
  if (fresh > 0 || Object.keys(before).length !== Object.keys(files).length) keepIndex(cache, files);
  return Object.values(files).flatMap(({ entry }) => entry ?? []);
}

/** Where the list of a folder is kept. */
function indexPath(results: string): string {
  return join(projectRoot(), '.cache', 'runs', `${hash8(resolve(results))}.json`);
}

function readEntry(results: string, path: string): RunEntry | null {
  const [record] = believed(readRun(join(results, path)));
  return record === undefined ? null : entryOf(record, path);
}

/** A file that is written anew at the same size within one tick of the clock still has another inode. */
function stampOf(file: string): string {
  const { size, mtimeMs, ino } = statSync(file);
  return `${size} ${mtimeMs} ${ino}`;
}

/** What is no study's: copies of runs, made to be held against them. */
const aside = new Set(['repeats', 'reference', 'bench', 'interop', 'figures']);
/** What studies of one's own keep beside their runs, which may be called so themselves. */
const adapters = /\/own\/[^/]+\/adapters$/;

function runFilesBelow(results: string, folder: string = results): readonly string[] {
  const found: string[] = [];
  for (const entry of entriesOf(folder)) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const place = relative(results, path);
    if (entry.isDirectory() && !aside.has(place) && !adapters.test(resolve(path)))
      found.push(...runFilesBelow(results, path));
    else if (entry.isFile() && entry.name.endsWith('.jsonl')) found.push(place);
  }
  return found;
}

function entriesOf(folder: string): readonly import('node:fs').Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function readIndex(cache: string): Index['files'] {
  try {
    const read = readText(readHashed(cache) ?? '{}', kept);
    return read.kind === 'value' ? read.value.files : {};
  } catch {
    return {};
  }
}

/** Where nothing can be kept, files are read each time. */
function keepIndex(cache: string, files: Index['files']): void {
  try {
    makeFolders(join(cache, '..'));
    writeHashed(cache, JSON.stringify({ version, files } satisfies Index));
  } catch {
    /* slower, not wrong */
  }
}
