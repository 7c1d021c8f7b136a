import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { createDelta } from '../bank/delta';
import { drawInit } from '../forms/init';
import { parseMethod } from '../design/written';
import type { Config, Saved } from './folder';
import { exportForeign, importForeign, type FrozenModel } from './foreign';
import { altered, caseOf, gap, modelOf, outputs, temporaryFolder } from './testing/cases';
import { filled, type Named, type Values } from './values';

const folder = temporaryFolder();

const drawn = (name: string, shape: readonly number[]): Tensor =>
  upload(drawInit({ kind: 'normal', std: 0.3 }, shape, 1, name), shape);

function newHead(layers: 'linear' | 'tanh' | 'relu'): Tensors {
  const hidden =
    layers === 'linear'
      ? {}
      : { [`head.${layers}.weight`]: drawn('w', [32, 32]), [`head.${layers}.bias`]: drawn('b', [32]) };
  return { ...hidden, 'head.weight': drawn('W', [32, 3]), 'head.bias': drawn('B', [3]) };
}

/** Some tensors with other shapes, or without. */
function changed(tensors: Named, change: Readonly<Record<string, readonly number[] | undefined>>): Named {
  const made = Object.entries(change).map(
    ([name, shape]) => [name, shape === undefined ? undefined : filled(shape, 0.5)] as const,
  );
  return Object.fromEntries(
    Object.entries({ ...tensors, ...Object.fromEntries(made) }).filter(
      (entry): entry is [string, Values] => entry[1] !== undefined,
    ),
  );
}

interface Altered {
  readonly about?: Config;
  readonly own?: Config;
  readonly tensors?: Readonly<Record<string, readonly number[] | undefined>>;
}

/** A fixture with another head_config.json or other tensors of its head. */
function withHead(as: string, name: string, { about, own, tensors = {} }: Altered): string {
  return altered(name, join(folder, as.replaceAll(' ', '-')), ({ head, ...rest }) => {
    const { config, tensors: given } = head as Saved;
    const inner = own === undefined ? config['config'] : { ...(config['config'] as Config), ...own };
    return { ...rest, head: { config: { ...config, ...about, config: inner }, tensors: changed(given, tensors) } };
  });
}

describe('heads', () => {
  it.each([
    ['peft', 'bert', 'tanh'],
    ['peft', 'distilbert', 'relu'],
    ['adapters', 'bert', 'linear'],
    ['adapters', 'roberta', 'relu'],
  ] as const)('a head goes to %s and comes back on %s, %s', (library, family, layers) => {
    const model = modelOf(family);
    const delta = createDelta(parseMethod('lora:r=2'), model.shape, model.weights, 3);
    const head = newHead(layers);
    const to = join(folder, `${library}-${family}-${layers}`);
    expect(exportForeign(to, delta, { library, model, name: 'tiny', head })).toEqual({ lossless: true, notes: [] });
    const back = importForeign(to, model);
    const example = { ...caseOf('peft-bert-lora'), family };
    const ours = outputs(delta, example, head);
    expect([ours.length, ours[0]?.length]).toEqual([2, 3]);
    expect(gap(outputs(back.delta, example, back.head), ours)).toBeLessThan(1e-6);
    for (const one of [back.delta, delta]) one.dispose();
    tf.dispose([head, back.head]);
  });

  it.each([
    ['peft', 'bert', 'linear', /tanh layer before the last, this head has none/],
    ['peft', 'distilbert', 'tanh', /relu layer/],
  ] as const)('to %s on %s a %s head stays behind, and the report says so', (library, family, layers, reason) => {
    const model = modelOf(family);
    const delta = createDelta(parseMethod('lora:r=2'), model.shape, model.weights, 3);
    const head = newHead(layers);
    const to = join(folder, `left-${family}`);
    const { lossless, notes } = exportForeign(to, delta, { library, model, name: 'tiny', head });
    expect(lossless).toBe(false);
    expect(notes.join()).toMatch(reason);
    expect(importForeign(to, model).head).toEqual({});
    delta.dispose();
    tf.dispose(head);
  });

  it.each([
    [
      'prompt-head',
      'peft-bert-prompt',
      { 'base_model.classifier.weight': [3, 32], 'base_model.classifier.bias': [3] },
      /first vector of the prompt/,
    ],
    [
      'half-head',
      'peft-bert-lora',
      { 'base_model.model.classifier.weight': [3, 32] },
      /its last layer is not in the file/,
    ],
    [
      'headless-dense',
      'peft-distilbert-ia3-classifier',
      { 'base_model.model.pre_classifier.weight': undefined },
      /add pre_classifier to modules_to_save/,
    ],
    [
      'decoder-head',
      'peft-gpt2-dora',
      { 'base_model.model.score.weight': [3, 32] },
      /classifiers here read encoders, not gpt2/,
    ],
  ] as const)('%s: a head that nothing here computes is left behind, with the reason', (as, name, change, reason) => {
    const { family } = caseOf(name);
    const bad = altered(name, join(folder, as), ({ tensors, ...rest }) => ({
      ...rest,
      tensors: changed(tensors, change),
    }));
    const { delta, head, report } = importForeign(bad, modelOf(family));
    expect(head).toEqual({});
    expect(report.lossless).toBe(false);
    expect(report.notes.join()).toMatch(reason);
    delta.dispose();
  });

  it('a head of another width is refused', () => {
    const wide = altered('peft-distilbert-ia3-classifier', join(folder, 'wide-head'), ({ tensors, ...rest }) => ({
      ...rest,
      tensors: changed(tensors, { 'base_model.model.classifier.weight': [3, 64] }),
    }));
    expect(() => importForeign(wide, modelOf('distilbert'))).toThrow(
      /head.weight has shape \[64,3\], this model is 32 wide/,
    );
  });
});

describe("heads and modules_to_save of PEFT's files", () => {
  const roberta = 'peft-roberta-lora-classifier';
  const opened = (as: string, name: string, saved: unknown, gone: RegExp = /^$/, more: Config = {}) =>
    importForeign(
      altered(name, join(folder, as.replaceAll(' ', '-')), ({ config, tensors, ...rest }) => ({
        ...rest,
        config: { ...config, modules_to_save: saved, ...more },
        tensors: Object.fromEntries(Object.entries(tensors).filter(([key]) => !gone.test(key))),
      })),
      modelOf(caseOf(name).family),
    );

  it.each([
    ['a head', roberta, ['classifier', 'score'], /classifier/, 'classifier.out_proj'],
    ['half a head', roberta, ['classifier'], /classifier\.dense/, 'classifier.dense'],
    ['a head beside norms', 'peft-bert-lora', ['classifier', 'LayerNorm'], /^$/, 'classifier'],
    ['a head behind a prefix', 'peft-bert-prefix-classifier', ['classifier', 'score'], /classifier/, 'classifier'],
    ['its other layer', 'peft-distilbert-ia3-classifier', ['classifier'], /pre_classifier/, 'pre_classifier'],
    ["a decoder's head", 'peft-gpt2-dora', ['classifier', 'score'], /^$/, 'score'],
    ['norms', 'peft-bert-lora', ['LayerNorm'], /^$/, 'encoder.layer.0.attention.output.LayerNorm'],
    ['one of two norms', 'peft-bert-whole-norms', ['LayerNorm'], /^$/, 'embeddings.LayerNorm'],
    ['a word table', 'peft-gpt2-dora', ['wte'], /^$/, 'transformer.wte'],
    ['an output', 'peft-gpt2-dora', ['lm_head'], /^$/, 'lm_head'],
    ['a pooler', 'peft-bert-lora', ['bert.pooler'], /^$/, 'pooler.dense'],
  ])('%s that is named and has no tensors is refused', (as, name, saved, gone, module) => {
    const open = () => opened(`named ${as}`, name, saved, gone);
    expect(open).toThrow(`adapter_config.json names ${module} in modules_to_save, the file has no tensors of it`);
    expect(open).toThrow(UserError);
  });

  it('a head of tokens, whose tensors are named alike, stays behind', () => {
    const { delta, head, report } = opened('tokens', roberta, ['classifier'], /^$/, { task_type: 'TOKEN_CLS' });
    expect([head, report.lossless]).toEqual([{}, false]);
    expect(report.notes.join()).toContain('the classification head stays behind: it labels each token');
    delta.dispose();
  });

  it('a name that ends no name of the model says nothing, and a whole name means that module alone', () => {
    const { delta, report } = opened('strange', 'peft-bert-lora', ['score', 'bert.norm']);
    expect(report).toEqual({ lossless: true, notes: [] });
    delta.dispose();
  });

  it.each([
    ['null', null, {}, 1],
    ['null of a classifier', null, { task_type: 'SEQ_CLS' }, 0],
  ])('a head that %s names is read, as PEFT reads it, and the report says so', (as, saved, more, count) => {
    const { delta, head, report } = opened(as, roberta, saved, /^$/, { task_type: null, ...more });
    const made = caseOf(roberta);
    expect(gap(outputs(delta, made, head), made.outputs)).toBeLessThan(2e-5);
    expect(report.lossless).toBe(true);
    expect(report.notes.filter((note) => note.includes('modules_to_save does not name it'))).toHaveLength(count);
    delta.dispose();
    tf.dispose(head);
  });
});

describe("heads of adapters' files", () => {
  const deep = 'adapters-roberta-pfeiffer-deep-classifier';
  const flexible = 'adapters-bert-pfeiffer-flexible-classifier';
  const opened = (as: string, name: string, over: Altered) =>
    importForeign(withHead(as, name, over), modelOf(caseOf(name).family));

  it.each([
    ['fewer layers', { own: { layers: 1 } }, 'says layers = 1, its tensors have 2'],
    ['more layers', { own: { layers: 3 } }, 'says layers = 3, its tensors have 2'],
    ['other classes', { own: { num_labels: 9 } }, 'says num_labels = 9, its tensors have 3 classes'],
    ['no bias', { tensors: { 'heads.task.4.bias': undefined } }, /gives heads\.task\.4 a bias, its tensors have none/],
    ['a bias too many', { own: { bias: false } }, /gives heads\.task\.4 no bias, its tensors have one/],
    ['a short bias', { tensors: { 'heads.task.4.bias': [7] } }, 'head.bias has shape [7], it should be [3]'],
    [
      'a short hidden bias',
      { tensors: { 'heads.task.1.bias': [7] } },
      'head.tanh.bias has shape [7], it should be [32]',
    ],
    ['another tensor', { tensors: { 'heads.x.7.weight': [3, 3] } }, 'does not speak of heads.x.7.weight'],
    ['an unknown setting', { own: { brand_new: 3 } }, "head_config.json's brand_new = 3"],
    ['another unknown setting', { about: { brand_new: 3 } }, "head_config.json's brand_new = 3"],
    ['another model', { about: { model_type: 'gpt2' } }, 'head_config.json is for a gpt2 model'],
    ['another width', { about: { hidden_size: 99 } }, 'head_config.json is for hidden size 99'],
    ['no switch', { own: { bias: 1 } }, 'head_config.json: bias must be true or false, not 1'],
  ] as const)('%s: is refused', (as, over, reason) => {
    expect(() => opened(`deep-${as}`, deep, over)).toThrow(reason);
    expect(() => opened(`deep-${as}-2`, deep, over)).toThrow(UserError);
  });

  it.each([
    ['head_config.json', 'model_head.safetensors'],
    ['model_head.safetensors', 'head_config.json'],
  ])('a head of which %s alone is there is refused, not left out', (there, missing) => {
    const half = withHead(`half ${there}`, flexible, {});
    rmSync(join(half, missing));
    expect(() => importForeign(half, modelOf('bert'))).toThrow(
      `${half} holds ${there} and no ${missing}: copy the whole folder`,
    );
    expect(() => importForeign(half, modelOf('bert'))).toThrow(UserError);
  });

  it('a pickle in place of the tensors is named', () => {
    const pickled = withHead('pickled head', flexible, {});
    renameSync(join(pickled, 'model_head.safetensors'), join(pickled, 'pytorch_model_head.bin'));
    const { delta, head, report } = importForeign(pickled, modelOf('bert'));
    expect([head, report.lossless]).toEqual([{}, false]);
    expect(report.notes.join()).toContain('pytorch_model_head.bin is a pickle');
    delta.dispose();
  });

  it('a last layer without bias is read as one of zeros, and so is one that stands first, without dropout', () => {
    const over = {
      own: { bias: false, dropout_prob: 0 },
      tensors: { 'heads.task.1.weight': undefined, 'heads.task.1.bias': undefined, 'heads.task.0.weight': [3, 32] },
    };
    const { delta, head, report } = opened('bare', flexible, over);
    expect(report.lossless).toBe(true);
    expect([...(head['head.bias'] as Tensor).dataSync()]).toEqual([0, 0, 0]);
    delta.dispose();
    tf.dispose(head);
  });

  it('heads whose names begin alike are in the file too, and named', () => {
    const { delta, head, report } = opened('alike', flexible, { tensors: { 'heads.task2.1.weight': [3, 32] } });
    expect(report).toMatchObject({ lossless: true, notes: [expect.stringContaining('heads.task2.1.weight')] });
    delta.dispose();
    tf.dispose(head);
  });

  it.each([
    ['a flexible head', flexible, (label2id: Config): Altered => ({ own: { label2id } })],
    [
      'a static head',
      'adapters-distilbert-pfeiffer-classifier',
      (label2id: Config): Altered => ({ about: { label2id } }),
    ],
  ])('%s: names of labels go to adapters and come back', (as, name, over) => {
    const labels = ['1', 'négatif', 'LABEL_0'];
    const { delta, head, ...back } = opened(`names ${as}`, name, over({ LABEL_0: 2, négatif: 1, '1': 0 }));
    expect([back.labels, back.report.lossless]).toEqual([labels, true]);
    const to = { model: modelOf(caseOf(name).family), name: 'tiny', head, labels, partial: true };
    expect(exportForeign(join(folder, `to ${as}`), delta, { library: 'adapters', ...to }).lossless).toBe(true);
    const again = importForeign(join(folder, `to ${as}`), to.model);
    expect(again.labels).toEqual(labels);
    for (const one of [delta, again.delta]) one.dispose();
    tf.dispose([head, again.head]);
  });

  it('names of labels stay behind on the way to PEFT, and the report says so', () => {
    const model = modelOf('bert');
    const delta = createDelta(parseMethod('lora:r=2'), model.shape, model.weights, 3);
    const [head, labels] = [newHead('tanh'), ['bad', 'good', 'neither']];
    const to = join(folder, 'names-peft');
    const report = exportForeign(to, delta, { library: 'peft', model, name: 'tiny', head, labels });
    expect(report.lossless).toBe(false);
    expect(report.notes).toEqual([expect.stringMatching(/^names of labels stay behind.*bad, good, neither$/)]);
    delta.dispose();
    tf.dispose(head);
  });

  it.each([
    { bad: 0, good: 1 },
    { a: 0, b: 1, c: 1, d: 2 },
    { a: 1, b: 2, c: 3 },
  ])('names that are not one for each class stay behind, and the report says so: %j', (label2id) => {
    const { delta, head, labels, report } = opened(`few ${JSON.stringify(label2id)}`, flexible, { own: { label2id } });
    expect([labels, report.lossless]).toEqual([undefined, false]);
    expect(report.notes).toEqual([expect.stringContaining('does not name each of the 3 classes once')]);
    delta.dispose();
    tf.dispose(head);
  });

  it("a static head's classes are held to num_labels", () => {
    const over = { about: { num_labels: 4 } };
    expect(() => opened('static', 'adapters-distilbert-pfeiffer-classifier', over)).toThrow('says num_labels = 4');
  });
});

describe('a model without its pooler', () => {
  const bare = (): FrozenModel => {
    const { shape, weights } = modelOf('bert');
    return {
      shape,
      weights: Object.fromEntries(Object.entries(weights).filter(([name]) => !name.startsWith('pooler.'))),
    };
  };

  it.each([
    [
      'PEFT, the classifier alone',
      () =>
        altered('peft-bert-lora', join(folder, 'no-pooler'), ({ tensors, ...rest }) => ({
          ...rest,
          tensors: changed(tensors, {
            'base_model.model.classifier.weight': [3, 32],
            'base_model.model.classifier.bias': [3],
          }),
        })),
      /nor a pooler in this model: add bert\.pooler\.dense to modules_to_save/,
    ],
    [
      'adapters, behind the pooler',
      () => withHead('pooled', 'adapters-bert-pfeiffer-flexible-classifier', { own: { use_pooler: true } }),
      /stands behind the pooler, which this model has not/,
    ],
  ])('%s: the head stays behind with the reason; with the pooler it is read', (_, made, reason) => {
    const dir = made();
    const { delta, head, report } = importForeign(dir, bare());
    expect(head).toEqual({});
    expect(report.lossless).toBe(false);
    expect(report.notes.join()).toMatch(reason);
    delta.dispose();
    const whole = importForeign(dir, modelOf('bert'));
    expect(Object.keys(whole.head).sort()).toEqual(['head.bias', 'head.tanh.bias', 'head.tanh.weight', 'head.weight']);
    whole.delta.dispose();
    tf.dispose(whole.head);
  });

  it('a head that reads a pooler is not read on a family that has none', () => {
    const name = 'adapters-distilbert-pfeiffer-classifier';
    const own = { head_type: 'classification', layers: 1, use_pooler: true, num_labels: 3 };
    const names = ['pre_classifier', 'classifier'].flatMap((part) => [`${part}.weight`, `${part}.bias`]);
    const gone = Object.fromEntries(names.map((part) => [part, undefined]));
    const tensors = { ...gone, 'heads.task.1.weight': [3, 32], 'heads.task.1.bias': [3] };
    const dir = withHead('distilbert-pooled', name, { about: { name: 'task' }, own, tensors });
    const { delta, head, report } = importForeign(dir, modelOf('distilbert'));
    expect([head, report.lossless]).toEqual([{}, false]);
    delta.dispose();
  });

  it('a bias of another length than the classes is refused', () => {
    const dir = altered('peft-distilbert-ia3-classifier', join(folder, 'long-bias'), ({ tensors, ...rest }) => ({
      ...rest,
      tensors: changed(tensors, { 'base_model.model.classifier.bias': [5] }),
    }));
    expect(() => importForeign(dir, modelOf('distilbert'))).toThrow('head.bias has shape [5], it should be [3]');
  });
});
