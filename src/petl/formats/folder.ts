import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import { writeWhole } from '../../files';
import { recordIn } from '../../model/checkpoint/regular';
import { openSafetensors } from '../../model/checkpoint/safetensors';
import { writeSafetensors } from './safetensors';
import type { Named } from './values';

export type Library = 'peft' | 'adapters';
export type Config = Readonly<Record<string, unknown>>;

/** A configuration and tensors that belong together. */
export interface Saved {
  readonly config: Config;
  readonly tensors: Named;
}

/** An adapter as PEFT or adapters keeps it; adapters has a prediction head in files of its own. */
export interface ForeignFolder extends Saved {
  readonly library: Library;
  readonly head: Saved | undefined;
  /** Why a head that is there is not read. */
  readonly headLost?: string;
}

const configFile = 'adapter_config.json';
const headFiles = { config: 'head_config.json', tensors: 'model_head.safetensors' } as const;
const tensorFile: Readonly<Record<Library, string>> = {
  peft: 'adapter_model.safetensors',
  adapters: 'adapter.safetensors',
};

/** Whether a folder holds an adapter of PEFT or adapters. */
export function isForeign(folder: string): boolean {
  return existsSync(join(folder, configFile));
}

export function readForeign(folder: string): ForeignFolder {
  const config = readConfig(join(folder, configFile));
  const library = libraryOf(config, folder);
  const path = join(folder, tensorFile[library]);
  if (!existsSync(path)) throw missing(folder, library);
  const tensors = readTensors(path);
  if (library === 'peft') return { library, config, tensors, head: undefined };
  const head = readHead(folder);
  return { library, config, tensors, head, ...(head === undefined && pickledHead(folder)) };
}

/** Pickles can run code: they are never read. */
function pickledHead(folder: string): { readonly headLost?: string } {
  const name = 'pytorch_model_head.bin';
  return existsSync(join(folder, name)) ? { headLost: `${name} is a pickle, which is not read here` } : {};
}

function readHead(folder: string): Saved | undefined {
  const [config, tensors] = [join(folder, headFiles.config), join(folder, headFiles.tensors)];
  const found = { config: existsSync(config), tensors: existsSync(tensors) };
  if (found.config && found.tensors) return { config: readConfig(config), tensors: readTensors(tensors) };
  if (found.tensors) throw halfHead(folder, headFiles.tensors, headFiles.config);
  if (found.config && pickledHead(folder).headLost === undefined)
    throw halfHead(folder, headFiles.config, headFiles.tensors);
  return undefined;
}

const halfHead = (folder: string, there: string, missing: string): UserError =>
  new UserError(`${folder} holds ${there} and no ${missing}: copy the whole folder`);

function readTensors(path: string): Named {
  const file = openSafetensors(path);
  try {
    return Object.fromEntries(
      file.tensors.map(({ name, shape, read }) => [name, { shape, values: read(0, shape[0] ?? 1).slice() }] as const),
    );
  } finally {
    file.close();
  }
}

export function writeForeign(folder: string, { library, config, tensors, head }: ForeignFolder): void {
  if (head !== undefined) {
    writeTensors(join(folder, headFiles.tensors), head.tensors);
    writeConfig(join(folder, headFiles.config), head.config);
  }
  writeTensors(join(folder, tensorFile[library]), tensors);
  writeConfig(join(folder, configFile), config);
}

function writeTensors(path: string, tensors: Named): void {
  writeSafetensors(
    path,
    Object.entries(tensors).map(([name, { shape, values }]) => ({ name, shape, values })),
    { format: 'pt' },
  );
}

function writeConfig(path: string, config: Config): void {
  writeWhole(path, `${withPoints(JSON.stringify(config, null, 2))}\n`);
}

/** adapters tells numbers from words by their type: a whole number as `scaling` must have its point. */
function withPoints(json: string): string {
  return json.replace(/("scaling": -?\d+)(?=,?$)/gm, '$1.0');
}

function readConfig(path: string): Config {
  if (!existsSync(path)) throw new UserError(`${path} does not exist: give a folder saved by PEFT or adapters`);
  return recordIn(path);
}

function libraryOf(config: Config, folder: string): Library {
  if (typeof config['peft_type'] === 'string') return 'peft';
  if ('config' in config && 'model_class' in config) return 'adapters';
  throw new UserError(
    `${folder}/${configFile} has neither peft_type nor model_class: it is of neither PEFT nor adapters`,
  );
}

function missing(folder: string, library: Library): UserError {
  const pickle = library === 'peft' ? 'adapter_model.bin' : 'pytorch_adapter.bin';
  if (!existsSync(join(folder, pickle)))
    return new UserError(`${folder} holds no ${tensorFile[library]}: copy the whole folder`);
  const remedy =
    library === 'peft'
      ? 'save it again with save_pretrained(folder, safe_serialization=True)'
      : 'save it again with save_adapter(folder, name, use_safetensors=True)';
  return new UserError(`${folder}/${pickle} is a pickle, which is not read here: ${remedy}`);
}
