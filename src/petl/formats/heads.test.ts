import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { createDelta } from '../bank/delta';
import { drawInit } from '../forms/init';
import { parseMethod } from '../design/written';
import { exportForeign, importForeign } from './foreign';
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
