import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formOf, siteOf } from '../experiments/words';
import { models, type KnownModel } from '../model/registry';
import type { ModelShape } from '../model/shape';
import { backbone, knownShapes } from '../model/shapes';
import { count } from '../petl/count';
import { families, parseMethod } from '../petl/written';
import { tableText, type Table } from '../plots/table';
import { projectRoot } from '../project';
import { readManifest } from '../tasks/manifest';
import { flag, print, printJson, type Input } from './command';

/** `petl methods`: every method family, with an example counted on MiniLM. */
export function methodsCommand(input: Input): number {
  const shape = knownShapes['minilm-l6'];
  if (shape === undefined) throw new Error('no shape minilm-l6');
  const methods = Object.entries(families).map(([family, { form, example }]) => {
    const method = parseMethod(example);
    const { trained, backbone: all } = count(method, shape);
    return { family, written: form, form: formOf(method), site: siteOf(method), example, trained, share: 100 * trained / all };
  });
  if (flag(input, 'json')) printJson(methods);
  else print(`${tableText(methodTable(methods))}\n\nParts in brackets may be left out; a+b joins two methods. Counts: MiniLM, head apart.`);
  return 0;
}

interface MethodLine { readonly written: string; readonly form: string; readonly site: string; readonly example: string; readonly trained: number; readonly share: number }

function methodTable(methods: readonly MethodLine[]): Table {
  const columns = [
    { title: 'written form', align: 'left' }, { title: 'form', align: 'left' }, { title: 'site', align: 'left' },
    { title: 'example', align: 'left' }, { title: 'trained', align: 'right' }, { title: '%', align: 'right' },
  ] as const;
  return {
    columns,
    rows: methods.map(({ written, form, site, example, trained, share }) => (
      [written, form, site, example, trained.toLocaleString('en'), Number(share.toPrecision(2)).toString()])),
  };
}

/** `petl models`: every backbone, those with weights first: where they come from, size, hash, licence. */
export function modelsCommand(input: Input): number {
  const lines = Object.entries(knownShapes).map(([name, shape]) => modelLine(name, shape));
  const order = [...lines.filter(({ weights }) => weights !== shapeOnly), ...lines.filter(({ weights }) => weights === shapeOnly)];
  if (flag(input, 'json')) printJson(order);
  else print(`${tableText(modelTable(order))}\n\nA folder with config.json, tokenizer.json and model.safetensors stands for a name everywhere.`);
  return 0;
}

const shapeOnly = 'shape only';

interface ModelLine {
  readonly name: string;
  readonly family: string;
  readonly width: number;
  readonly layers: number;
  readonly parameters: number;
  /** `here`, the command that brings them, or only a shape to count with. */
  readonly weights: string;
  readonly folder: string | null;
  readonly source: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly licence: string | null;
}

function modelLine(name: string, shape: ModelShape): ModelLine {
  const known = models.find((model) => model.name === name);
  const source = readManifest().find((candidate) => candidate.name === known?.source);
  const here = known !== undefined && existsSync(join(projectRoot(), known.folder));
  const weights = here ? 'here' : source !== undefined ? `npx petl fetch ${source.name}` : shapeOnly;
  const origin = source !== undefined ? { ...source, source: `${source.registry}: ${source.name} ${source.version}` } : here ? ownOrigin(known) : null;
  return {
    name, family: shape.family, width: shape.width, layers: shape.encoderLayers + shape.decoderLayers, parameters: backbone(shape), weights,
    folder: here ? known.folder : null, source: origin?.source ?? null, bytes: origin?.bytes ?? null, sha256: origin?.sha256 ?? null, licence: origin?.licence ?? null,
  };
}

/** A model that the project pretrained and carries: its file as it lies there. */
function ownOrigin({ folder, random }: KnownModel): Pick<ModelLine, 'source' | 'bytes' | 'sha256' | 'licence'> {
  const path = join(projectRoot(), folder, 'model.safetensors');
  if (random !== null || !existsSync(path)) return { source: random === null ? 'this project' : `random weights of seed ${random}`, bytes: null, sha256: null, licence: null };
  const file = readFileSync(path);
  return { source: 'this project: data/pretraining', bytes: file.length, sha256: createHash('sha256').update(file).digest('hex'), licence: `MIT; of its data: ${folder}/README.md` };
}

function modelTable(lines: readonly ModelLine[]): Table {
  const columns = [
    { title: 'model', align: 'left' }, { title: 'family', align: 'left' }, { title: 'width', align: 'right' }, { title: 'layers', align: 'right' },
    { title: 'parameters', align: 'right' }, { title: 'weights', align: 'left' }, { title: 'MB', align: 'right' }, { title: 'sha256', align: 'left' }, { title: 'licence', align: 'left' },
  ] as const;
  return {
    columns,
    rows: lines.map(({ name, family, width, layers, parameters, weights, bytes, sha256, licence }) => (
      [name, family, String(width), String(layers), parameters.toLocaleString('en'), weights, bytes === null ? '' : (bytes / 1e6).toFixed(0), sha256?.slice(0, 12) ?? '', licence ?? ''])),
  };
}
