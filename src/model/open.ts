import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backboneFrom, loadBackbone, type Backbone, type Held } from './backbone';
import { readConfig, type Config } from './checkpoint/config';
import { openGguf, type Metadata } from './checkpoint/gguf';
import { recordIn } from './checkpoint/regular';
import { dropScratch } from './checkpoint/stored';
import { vocabularyOf } from './checkpoint/vocabulary';
import { rulesOf } from './generation/rules';
import { download, hubName, type HubOptions } from './hub';
import { randomBackbone, randomOfShape } from './random-weights';
import { modelNamed, type ModelPlace } from './registry';
import type { SpecialIds } from './special';
import { loadTokenizer, tokenizerFrom, type Tokenizer } from './tokenizer';

/** A frozen model with its tokenizer; undefined where the folder has none. */
export interface Model {
  readonly name: string;
  readonly backbone: Backbone;
  readonly tokenizer: Tokenizer | undefined;
  readonly special: SpecialIds;
}

/**
 * Opens a model by name, folder, GGUF file or `hub:org/name@revision`; names of the papers' backbones stand for the
 * hub's. The caller disposes of its backbone.
 * @param report takes the progress of a download
 */
export async function openModel(name: string, held: Held = 'float32', report?: HubOptions['report']): Promise<Model> {
  const remote = hubName(name);
  const place = modelNamed(remote === undefined ? name : await download(remote, report && { report }));
  return place.kind === 'gguf' ? openGgufModel({ ...place, name }, held) : openFolder({ ...place, name }, held);
}

function openFolder({ name, path, pooling, random }: ModelPlace, held: Held): Model {
  const backbone = random === null ? loadBackbone(path, pooling ?? undefined, held) : randomBackbone(path, random);
  const tokenizer = existsSync(join(path, 'tokenizer.json')) ? loadTokenizer(path) : undefined;
  return { name, backbone, tokenizer, special: specialIn(path) };
}

/** The tokenizer of a model alone, whose weights are not read; undefined where the folder has none. */
export async function openTokenizer(name: string): Promise<Tokenizer | undefined> {
  const { kind, path } = modelNamed(hubName(name) === undefined ? name : await download(name));
  if (kind === 'folder') return existsSync(join(path, 'tokenizer.json')) ? loadTokenizer(path) : undefined;
  const file = await openGguf(path);
  try {
    return ggufTokenizer(file.metadata, path);
  } finally {
    file.close();
  }
}

/** By generation_config.json, or an older config.json that holds its keys; token ids by both. */
function specialIn(folder: string): SpecialIds {
  const [config, path] = [readConfig(folder), join(folder, 'generation_config.json')];
  const own = existsSync(path) ? recordIn(path) : undefined;
  return { ...specialOf({ ...config, ...own }), rules: rulesOf(own ?? config, own !== undefined) };
}

function specialOf(config: Config): SpecialIds {
  const id = (key: string): number | null => {
    const value = config[key];
    return typeof value === 'number' ? value : null;
  };
  const ends = config['eos_token_id'];
  const end = Array.isArray(ends)
    ? ends.filter((e): e is number => typeof e === 'number')
    : typeof ends === 'number'
      ? [ends]
      : [];
  return {
    end,
    pad: id('pad_token_id') ?? end[0] ?? 0,
    start: id('decoder_start_token_id'),
    forcedFirst: id('forced_bos_token_id'),
    forcedLast: id('forced_eos_token_id'),
  };
}

async function openGgufModel({ name, path, random }: ModelPlace, held: Held): Promise<Model> {
  const file = await openGguf(path);
  try {
    const { metadata, shape } = file;
    const tokenizer = ggufTokenizer(metadata, path);
    const special = ggufSpecial(metadata);
    if (random !== null) return { name, backbone: randomOfShape(path, shape, random), tokenizer, special };
    file.demandRead();
    const names = { source: path, namesOf: file.namesOf, isHarmless: () => false, owned: true };
    const backbone = backboneFrom(path, { file, files: [path], shape, names, held });
    return { name, backbone, tokenizer, special };
  } finally {
    file.close();
    dropScratch();
  }
}

/** A text ends with any of the tokens that end a text, a turn or a message. */
function ggufSpecial(metadata: Metadata): SpecialIds {
  const id = (key: string): number | undefined =>
    metadata[`tokenizer.ggml.${key}`] === undefined ? undefined : Number(metadata[`tokenizer.ggml.${key}`]);
  const ends = ['eos_token_id', 'eot_token_id', 'eom_token_id'].map(id).filter((end) => end !== undefined);
  return {
    end: [...new Set(ends)],
    pad: id('padding_token_id') ?? ends[0] ?? 0,
    start: null,
    forcedFirst: null,
    forcedLast: null,
  };
}

/** A tokenizer.json beside the file goes before the file's own vocabulary, of which nothing is read then. */
function ggufTokenizer(metadata: Metadata, path: string): Tokenizer {
  if (existsSync(join(dirname(path), 'tokenizer.json'))) {
    for (const key of Object.keys(metadata)) if (key.startsWith('tokenizer.')) void metadata[key];
    return loadTokenizer(dirname(path));
  }
  const { json, config } = vocabularyOf(metadata, path);
  return tokenizerFrom(json, config);
}
