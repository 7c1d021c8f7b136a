import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { digestFile } from '../../hashed';
import { models } from '../../model/registry';
import { contentHash } from '../../packages/content';
import { cacheFolder, folderName, readManifest } from '../../packages/manifest';
import { parseMethod } from '../../petl/design/written';
import { isOwnName } from '../../tasks/own/stored';
import { taskNamed } from '../../tasks/registry';
import type { RunSpec } from '../store/spec';

/** What a worker that lacks it is sent. */
export interface Parcel {
  /** Where it lies below `data/cache` there. */
  readonly name: string;
  /** Where it lies here. */
  readonly from: string;
  /** What of a folder is sent, as paths below it; null for all of it. */
  readonly files: readonly string[] | null;
}

/** A model of the user's, which a worker takes from its own path only where that holds the same files. */
export interface OwnModel {
  /** As the spec has it. */
  readonly path: string;
  /** The parcel that brings it. */
  readonly name: string;
  /** What tells its files: SHA-256 over lines as `sha256sum` prints them. */
  readonly print: string;
  /** The file's name, where the model is a file. */
  readonly file: string | null;
}

/** What a run reads that is not code. */
export interface Parcels {
  readonly parcels: readonly Parcel[];
  readonly models: readonly OwnModel[];
}

/**
 * What a run reads of `data/cache`: packages of weights and data, which carry their pinned hashes, and what is named by
 * its own hash; and models that are folders or files of the user's, named by theirs.
 */
export function parcelsOf({ model, method, task, training }: RunSpec): Parcels {
  const names = [...new Set([model, ...readersOf(method)])];
  const sources = names.flatMap((name) => models.find((known) => known.name === name)?.source ?? []);
  const paths = [
    ...[...sources, ...taskNamed(task).packages].map(placeOf),
    ...(isOwnName(task) ? [join('own', `${task}.json`)] : []),
    ...(training.from === null ? [] : [join('own', training.from)]),
    ...names.flatMap((name) => /^hub:([^@]+)/.exec(name)?.[1]?.replace('/', '--') ?? []).map((hub) => join('hub', hub)),
  ];
  const own = names.filter(isOwnModel).map(ownModel);
  return {
    parcels: [
      ...[...new Set(paths)]
        .map((name) => ({ name, from: join(cacheFolder(), name), files: null }))
        .filter(({ from }) => existsSync(from)),
      ...own.map(({ parcel }) => parcel),
    ],
    models: own.map(({ told }) => told),
  };
}

/** Another model that a method's prompt is written with. */
function readersOf(method: string): readonly string[] {
  const { prompt } = parseMethod(method);
  return prompt.kind === 'written' && prompt.encoder.kind !== 'own' ? [prompt.encoder.name] : [];
}

/** Folder of a package below the cache; the package index of Debian has its own name. */
function placeOf(name: string): string {
  const source = readManifest().find((known) => known.name === name);
  return source === undefined ? name : folderName(source);
}

function isOwnModel(name: string): boolean {
  return !models.some((known) => known.name === name) && !name.startsWith('hub:') && existsSync(name);
}

interface Packed {
  readonly parcel: Parcel;
  readonly told: OwnModel;
}

const packed = new Map<string, Packed & { readonly stamp: string }>();

/** Hashed once in a process, as long as its files stay as they are. */
function ownModel(path: string): Packed {
  const isFile = statSync(path).isFile();
  const from = resolve(isFile ? dirname(path) : path);
  const files = isFile ? [basename(path)] : modelFiles(from);
  const stamp = files
    .map((file) => statSync(join(from, file)))
    .map(({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`)
    .join();
  const known = packed.get(path);
  if (known?.stamp === stamp) return known;
  const print = printOf(from, files);
  const name = join('own-models', print);
  const told = { path, name, print, file: isFile ? basename(path) : null };
  const made = { parcel: { name, from, files }, told, stamp };
  packed.set(path, made);
  return made;
}

/** What a model's folder is read for: no pickles, no optimizer's states, nothing hidden. `bridge.py` has the same rule. */
const read = new Set(['.json', '.safetensors', '.gguf', '.txt', '.model', '.jinja']);

function modelFiles(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return modelFiles(folder, path);
      return read.has(extname(path)) && statSync(join(folder, path)).isFile() ? [path] : [];
    })
    .sort();
}

function printOf(folder: string, files: readonly string[]): string {
  return contentHash(
    Object.fromEntries(
      files.map((file) => [file, { sha256: digestFile(createHash('sha256'), join(folder, file)).digest('hex') }]),
    ),
  );
}
