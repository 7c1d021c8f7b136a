import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computed } from '../../commands/forward';
import { live } from '../../engine/memory';
import { UserError } from '../../errors';
import type { Backbone } from '../../model/backbone';
import { adaptationOf } from '../adaptation';
import { createDelta, type Delta } from '../delta';
import { tinyModel } from '../testing/fixtures';
import { perturbed } from '../testing/tiny';
import { parseMethod } from '../written';
import { readForeign, writeForeign, type ForeignFolder } from './folder';
import { exportForeign, importForeign, type Library } from './foreign';

type Rows = readonly (readonly number[])[];
interface Case {
  readonly library: Library;
  readonly family: string;
  readonly inputs: { readonly ids: Rows; readonly mask: Rows; readonly decoderIds?: Rows };
  readonly outputs: Rows;
}

const fixtures = join(__dirname, 'fixtures');
const models = new Map<string, Backbone>();
let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'petl-foreign-')); });
afterAll(() => { for (const model of models.values()) model.dispose(); rmSync(folder, { recursive: true }); });

function modelOf(family: string): Backbone {
  const model = models.get(family) ?? tinyModel(family);
  models.set(family, model);
  return model;
}

const caseOf = (name: string): Case => JSON.parse(readFileSync(join(fixtures, name, 'case.json'), 'utf8')) as Case;

function outputs(delta: Delta, { inputs: { ids, mask, decoderIds }, family }: Case): number[][] {
  const target = decoderIds === undefined ? undefined : { ids: decoderIds, mask: decoderIds.map((row) => row.map(() => 1)) };
  const { values } = computed({ model: { backbone: modelOf(family) }, adaptation: adaptationOf(delta), head: {} }, { ids, mask }, target);
  return (values as (number[] | null)[][]).flat().filter((row): row is number[] => row !== null);
}

/** The largest difference over the columns that `theirs` has. */
function gap(ours: Rows, theirs: Rows, count = theirs.length): number {
  expect(ours.length).toBe(theirs.length);
  return Math.max(...theirs.slice(0, count).flatMap((row, i) => row.map((value, j) => Math.abs(value - (ours[i]?.[j] ?? NaN)))));
}

/** A copy of a fixture with something else in it. */
function altered(name: string, as: string, change: (file: ForeignFolder) => ForeignFolder): string {
  const to = join(folder, as);
  writeForeign(to, change(readForeign(join(fixtures, name))));
  return to;
}

describe('what PEFT and adapters wrote', () => {
  it.each(readdirSync(fixtures))('%s gives their outputs, written and read again the same', (name) => {
    const made = caseOf(name);
    const { delta, report } = importForeign(join(fixtures, name), modelOf(made.family));
    const ours = outputs(delta, made);
    const unpadded = name.includes('unipelt') ? 8 : made.outputs.length;
    expect(report.lossless).toBe(true);
    expect(parseMethod(delta.method.name)).toEqual(delta.method);
    expect(gap(ours, made.outputs, unpadded)).toBeLessThan(2e-5);
    const written = join(folder, name);
    expect(exportForeign(written, delta, { library: made.library, model: modelOf(made.family), name: 'tiny' }).lossless).toBe(true);
    const again = importForeign(written, modelOf(made.family)).delta;
    expect(gap(outputs(again, made), ours)).toBeLessThan(2e-5);
    again.dispose();
    delta.dispose();
  });

  it.each(['peft-bert-lora', 'peft-bert-ia3', 'adapters-gpt2-lora', 'adapters-bart-pfeiffer', 'adapters-gpt2-ia3', 'adapters-gpt2-compacter'])('%s keeps every key and shape on the way back', (name) => {
    const { library, family } = caseOf(name);
    const { delta } = importForeign(join(fixtures, name), modelOf(family));
    exportForeign(join(folder, `keys-${name}`), delta, { library, model: modelOf(family), name: 'tiny' });
    delta.dispose();
    const shapes = (from: string): unknown => Object.entries(readForeign(from).tensors).map(([key, { shape }]) => [key, shape]).sort();
    expect(shapes(join(folder, `keys-${name}`))).toEqual(shapes(join(fixtures, name)));
  });

  it('is another model without the shift of positions', () => {
    const made = caseOf('peft-bert-prompt');
    const { delta } = importForeign(join(fixtures, 'peft-bert-prompt'), modelOf('bert'));
    expect(delta.method.name).toBe('prompt:l=5,positions=shifted');
    const kept = { method: parseMethod('prompt:l=5'), shape: delta.shape, variables: delta.variables, constants: {} } as Delta;
    expect(gap(outputs(kept, made), made.outputs)).toBeGreaterThan(0.1);
    delta.dispose();
  });
});

describe('our own methods', () => {
  const given: readonly (readonly [string, Library, string])[] = [
    ['dora:r=3', 'peft', 'bert'], ['lora:r=3', 'peft', 'gpt2'], ['ia3', 'peft', 't5'], ['layernorm', 'peft', 'mbart'], ['prefix:l=3', 'peft', 'llama'], ['prefix:l=3,positions=shifted', 'peft', 'gpt2'], ['prompt:l=3,positions=shifted', 'peft', 'bert'],
    ['mam:l=3,r=5', 'adapters', 'bert'], ['pa-ffn:r=7,s=learned,reads=residual', 'adapters', 'llama'], ['unipelt:l=3,r=2,m=4', 'adapters', 'bart'], ['sa-ffn:r=4,norm=in', 'adapters', 'distilbert'], ['houlsby:m=4,norms=frozen', 'adapters', 't5-v1-1'],
  ];
  it.each(given)('%s goes to %s and comes back on %s', (written, library, family) => {
    const model = modelOf(family);
    const delta = createDelta(parseMethod(written), model.shape, model.weights, 3);
    delta.assign(perturbed(delta.variables, 0.1, 4));
    const example = caseOf(model.shape.encoderLayers === 0 ? 'adapters-gpt2-lora' : model.shape.decoderLayers === 0 ? 'peft-bert-lora' : 'adapters-bart-pfeiffer');
    const to = join(folder, `${library}-${family}-own`);
    expect(exportForeign(to, delta, { library, model, name: 'tiny' }).lossless).toBe(true);
    const back = importForeign(to, model).delta;
    expect(gap(outputs(back, { ...example, family }), outputs(delta, { ...example, family }))).toBeLessThan(2e-5);
    back.dispose();
    delta.dispose();
  });

  it.each([
    ['prefix:l=3', 'peft', 'bert', /train prefix:l=3,positions=shifted/], ['pa-ffn:r=4', 'adapters', 'gpt2', /reads=residual/], ['mhpa:l=4', 'adapters', 'bert', /at attn\.heads/],
    ['lora:r=2+prefix:l=2', 'peft', 'llama', /one method/], ['compacter:r=4,n=2', 'adapters', 'bert', /shared rule/], ['dora:r=2', 'adapters', 'bert', /DoRA/],
  ] as const)('%s is refused by %s on %s, and nothing is written', (written, library, family, reason) => {
    const model = modelOf(family);
    const delta = createDelta(parseMethod(written), model.shape, model.weights, 3);
    const to = join(folder, 'refused');
    expect(() => exportForeign(to, delta, { library, model, name: 'tiny' })).toThrow(reason);
    expect(readdirSync(folder)).not.toContain('refused');
    delta.dispose();
  });

  it('says what stays behind', () => {
    const model = modelOf('bert');
    const delta = createDelta(parseMethod('houlsby:m=4'), model.shape, model.weights, 3);
    const { lossless, notes } = exportForeign(join(folder, 'norms'), delta, { library: 'adapters', model, name: 'tiny' });
    expect([lossless, notes.join()]).toEqual([false, expect.stringContaining('stay behind')]);
    delta.dispose();
  });
});

describe('bad folders', () => {
  const lora = 'peft-bert-lora';
  const first = 'base_model.model.encoder.layer.0.attention.self.query';
  const one = { shape: [1], values: Float32Array.of(1) };

  it('names settings and tensors that it does not know', () => {
    const strange = altered(lora, 'strange', ({ config, tensors, ...rest }) => ({ ...rest, config: { ...config, brand_new: 1 }, tensors: { ...tensors, 'base_model.model.classifier.weight': one } }));
    const { delta, report } = importForeign(strange, modelOf('bert'));
    expect(report).toEqual({ lossless: false, notes: ['settings not known here: brand_new', 'tensors left behind: base_model.model.classifier.weight'] });
    delta.dispose();
  });

  it.each([
    ['a wrong shape', (file: ForeignFolder) => ({ ...file, tensors: { ...file.tensors, [`${first}.lora_B.weight`]: { shape: [31, 4], values: new Float32Array(124) } } }), /shape \[4,31\].*needs \[4,32\]/],
    ['half a pair', (file: ForeignFolder) => ({ ...file, tensors: { [`${first}.lora_A.weight`]: { shape: [4, 32], values: new Float32Array(128) } } }), /missing/],
    ['a matrix out of reach', (file: ForeignFolder) => ({ ...file, tensors: Object.fromEntries(Object.entries(file.tensors).map(([key, value]) => [key.replace('self.query', 'output.dense'), value])) }), /attention\.output\.dense/],
    ['another function', (file: ForeignFolder) => ({ ...file, config: { ...file.config, use_qalora: true } }), /use_qalora/],
    ['another method', (file: ForeignFolder) => ({ ...file, config: { ...file.config, peft_type: 'BOFT' } }), /BOFT/],
  ] as const)('%s is refused with the reason and leaves nothing in memory', (name, change, reason) => {
    const bad = altered(lora, name.replaceAll(' ', '-'), change);
    const model = modelOf('bert');
    const before = live();
    expect(() => importForeign(bad, model)).toThrow(reason);
    expect(() => importForeign(bad, model)).toThrow(UserError);
    expect(live()).toEqual(before);
  });

  it('an adapter for another model is refused', () => {
    expect(() => importForeign(join(fixtures, 'adapters-bart-pfeiffer'), modelOf('bert'))).toThrow(/bart model, this is a bert/);
    const wide = altered('adapters-bart-pfeiffer', 'wide', ({ config, ...rest }) => ({ ...rest, config: { ...config, hidden_size: 768 } }));
    expect(() => importForeign(wide, modelOf('bart'))).toThrow(/hidden size 768/);
    expect(() => importForeign(join(fixtures, 'peft-llama-prefix'), modelOf('gpt2'))).toThrow(UserError);
  });

  it('a pickle is not read; the message says how to save it otherwise', () => {
    const pickled = join(folder, 'pickled');
    mkdirSync(pickled);
    copyFileSync(join(fixtures, 'adapters-bart-pfeiffer', 'adapter_config.json'), join(pickled, 'adapter_config.json'));
    writeFileSync(join(pickled, 'pytorch_adapter.bin'), 'x');
    expect(() => importForeign(pickled, modelOf('bart'))).toThrow(/use_safetensors=True/);
    renameSync(join(pickled, 'pytorch_adapter.bin'), join(pickled, 'other.bin'));
    expect(() => importForeign(pickled, modelOf('bart'))).toThrow(/holds no adapter\.safetensors/);
  });

  it('GELU of files without a version is the tanh form', () => {
    const old = altered('adapters-bart-pfeiffer', 'old', ({ config: { version: _, ...config }, ...rest }) => ({ ...rest, config: { ...config, config: { ...config['config'] as object, non_linearity: 'gelu' } } }));
    const { delta } = importForeign(old, modelOf('bart'));
    expect(delta.method.modifications[0]?.form).toMatchObject({ activation: 'geluTanh' });
    delta.dispose();
  });
});
