import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tf, type Tensors } from '../../engine/tf';
import { createDelta, type Delta } from '../bank/delta';
import { invariant } from '../../invariants/testing/catalogue';
import { masksAt } from '../forms/ranks';
import { perturbed } from '../testing/tiny';
import { parseMethod } from '../design/written';
import { readForeign } from './folder';
import { exportForeign, importForeign, type Library } from './foreign';
import { caseOf, fixtures, gap, modelOf, outputs, temporaryFolder } from './testing/cases';

const folder = temporaryFolder();
const all = readdirSync(fixtures).filter((name) => existsSync(join(fixtures, name, 'case.json')));
const [taken, refused] = [false, true].map((one) =>
  all.filter((name) => (caseOf(name).refused !== undefined) === one),
) as [string[], string[]];

// what the libraries make of our files is the other half: npm run interop
invariant(45, () => {
  it.each(taken)('%s gives their outputs, written and read again the same', (name) => {
    const made = caseOf(name);
    const { delta, head, report } = importForeign(join(fixtures, name), modelOf(made.family));
    const ours = outputs(delta, made, head);
    expect(Object.keys(head).length > 0).toBe(name.endsWith('classifier'));
    const unpadded = name.includes('unipelt') ? 8 : made.outputs.length;
    expect(report.lossless).toBe(true);
    expect(parseMethod(delta.method.name)).toEqual(delta.method);
    expect(gap(ours, made.outputs, unpadded)).toBeLessThan(name.includes('pissa') ? 5e-5 : 2e-5); // two singular value decompositions in float32
    const written = join(folder, name);
    expect(
      exportForeign(written, delta, { library: made.library, model: modelOf(made.family), name: 'tiny', head })
        .lossless,
    ).toBe(true);
    const again = importForeign(written, modelOf(made.family));
    expect(gap(outputs(again.delta, made, again.head), ours)).toBeLessThan(2e-5);
    again.delta.dispose();
    delta.dispose();
    tf.dispose([head, again.head]);
  });

  it.each([
    'peft-bert-lora',
    'peft-bert-ia3',
    'adapters-gpt2-lora',
    'adapters-bart-pfeiffer',
    'adapters-gpt2-ia3',
    'adapters-gpt2-compacter',
    'peft-gpt2-vera',
  ])('%s keeps every key and shape on the way back', (name) => {
    const { library, family } = caseOf(name);
    const { delta } = importForeign(join(fixtures, name), modelOf(family));
    exportForeign(join(folder, `keys-${name}`), delta, { library, model: modelOf(family), name: 'tiny' });
    delta.dispose();
    const shapes = (from: string): unknown =>
      Object.entries(readForeign(from).tensors)
        .map(([key, { shape }]) => [key, shape])
        .sort();
    expect(shapes(join(folder, `keys-${name}`))).toEqual(shapes(join(fixtures, name)));
  });

  it.each(refused)('%s is refused with the reason', (name) => {
    const { family, refused: reason } = caseOf(name);
    expect(() => importForeign(join(fixtures, name), modelOf(family))).toThrow(reason);
  });

  it('is another model without the shift of positions', () => {
    const made = caseOf('peft-bert-prompt');
    const { delta } = importForeign(join(fixtures, 'peft-bert-prompt'), modelOf('bert'));
    expect(delta.method.name).toBe('prompt:l=5,positions=shifted');
    const kept = {
      method: parseMethod('prompt:l=5'),
      shape: delta.shape,
      variables: delta.variables,
      constants: {},
    } as Delta;
    expect(gap(outputs(kept, made), made.outputs)).toBeGreaterThan(0.1);
    delta.dispose();
  });
});

describe('our own methods', () => {
  const given: readonly (readonly [string, Library, string])[] = [
    ['dora:r=3', 'peft', 'bert'],
    ['lora:r=3', 'peft', 'gpt2'],
    ['pissa:r=3', 'peft', 'bart'],
    ['adalora:r=4', 'peft', 'gpt2'],
    ['vera:r=6', 'peft', 'llama'],
    ['vera:r=6', 'peft', 'gpt2'],
    ['prompt:l=3', 'peft', 't5'],
    ['vera:r=6', 'adapters', 'roberta'],
    ['pissa:r=2', 'adapters', 'bart'],
    ['adalora:r=4,s=2', 'adapters', 'gpt2'],
    ['ia3', 'peft', 't5'],
    ['layernorm', 'peft', 'mbart'],
    ['prefix:l=3', 'peft', 'llama'],
    ['prefix:l=3,positions=shifted', 'peft', 'gpt2'],
    ['prompt:l=3,positions=shifted', 'peft', 'bert'],
    ['mam:l=3,r=5', 'adapters', 'bert'],
    ['pa-ffn:r=7,s=learned,reads=residual', 'adapters', 'llama'],
    ['unipelt:l=3,r=2,m=4', 'adapters', 'bart'],
    ['sa-ffn:r=4,norm=in', 'adapters', 'distilbert'],
    ['houlsby:m=4,norms=frozen', 'adapters', 't5-v1-1'],
  ];
  it.each(given)('%s goes to %s and comes back on %s', (written, library, family) => {
    const model = modelOf(family);
    const delta = createDelta(parseMethod(written), model.shape, model.weights, 3);
    delta.assign(perturbed(delta.variables, 0.1, 4));
    const example = caseOf(
      model.shape.encoderLayers === 0
        ? 'adapters-gpt2-lora'
        : model.shape.decoderLayers === 0
          ? 'peft-bert-lora'
          : 'adapters-bart-pfeiffer',
    );
    const to = join(folder, `${library}-${family}-own`);
    expect(exportForeign(to, delta, { library, model, name: 'tiny' }).lossless).toBe(true);
    const back = importForeign(to, model).delta;
    expect(gap(outputs(back, { ...example, family }), outputs(delta, { ...example, family }))).toBeLessThan(2e-5);
    back.dispose();
    delta.dispose();
  });

  it.each([
    ['prefix:l=3', 'peft', 'bert', /train prefix:l=3,positions=shifted/],
    ['pa-ffn:r=4', 'adapters', 'gpt2', /reads=residual/],
    ['mhpa:l=4', 'adapters', 'bert', /at attn\.heads/],
    ['lora:r=2+prefix:l=2', 'peft', 'llama', /one method/],
    ['compacter:r=4,n=2', 'adapters', 'bert', /shared rule/],
    ['dora:r=2', 'adapters', 'bert', /DoRA/],
    ['lora:r=2+lora:r=3', 'peft', 'bert', /two changes of encoder/],
    ['prefix:l=2,positions=shifted', 'peft', 'distilbert', /cannot run/],
    ['prefix:l=2,positions=shifted', 'adapters', 'gpt2', /text keeps its positions/],
  ] as const)('%s is refused by %s on %s, and nothing is written', (written, library, family, reason) => {
    const model = modelOf(family);
    const delta = createDelta(parseMethod(written), model.shape, model.weights, 3);
    const to = join(folder, 'refused');
    expect(() => exportForeign(to, delta, { library, model, name: 'tiny' })).toThrow(reason);
    expect(readdirSync(folder)).not.toContain('refused');
    delta.dispose();
  });

  it('AdaLoRA crosses with its directions off', () => {
    const model = modelOf('bert');
    const delta = createDelta(parseMethod('adalora:r=4'), model.shape, model.weights, 3);
    delta.assign(perturbed(delta.variables, 0.3, 4));
    const masks = masksAt(delta.method, model.shape, delta.variables, 1) as Tensors;
    const pruned = { method: delta.method, shape: delta.shape, variables: delta.variables, constants: masks } as Delta;
    const example = caseOf('peft-bert-lora');
    expect(exportForeign(join(folder, 'pruned'), pruned, { library: 'peft', model, name: 'tiny' }).lossless).toBe(true);
    const back = importForeign(join(folder, 'pruned'), model).delta;
    expect(gap(outputs(back, example), outputs(pruned, example))).toBeLessThan(2e-5);
    expect(gap(outputs(back, example), outputs(delta, example))).toBeGreaterThan(1e-3);
    for (const one of [back, delta]) one.dispose();
    tf.dispose(masks);
  });

  it('a part alone is written on request only, and the report says so', () => {
    const model = modelOf('bert');
    const delta = createDelta(parseMethod('houlsby:m=4'), model.shape, model.weights, 3);
    const to = { library: 'adapters', model, name: 'tiny' } as const;
    expect(() => exportForeign(join(folder, 'norms'), delta, to)).toThrow(/stay behind.*--partial/);
    const { lossless, notes } = exportForeign(join(folder, 'norms'), delta, { ...to, partial: true });
    expect([lossless, notes.join()]).toEqual([false, expect.stringContaining('stay behind')]);
    delta.dispose();
  });
});
