import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import { UserError } from '../errors';
import type { Backbone } from '../model/backbone';
import { decodeText, type TextPair } from '../model/decoder';
import { encode, plainForward, type Forward } from '../model/encoder';
import type { Batch } from '../model/batch';
import { hasCrossAttention } from '../model/shapes';
import { Bank, type Rows } from './bank';
import { createDelta } from './delta';
import { packedBatch, tinyModel } from './testing/fixtures';
import { largest, perturbed } from './testing/tiny';
import { parseMethod } from './written';

const ids = [[5, 17, 42, 8, 63], [60, 3, 85, 0, 0], [9, 9, 31, 7, 0]];
const mask = [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]];
const context = { noise: undefined };

describe.each(['bert', 'bart', 'gpt2'])('adapters by name on a tiny %s', (family) => {
  let model: Backbone;
  let text: TextPair;
  let bank: Bank;
  beforeAll(() => {
    model = tinyModel(family);
    text = hasCrossAttention(model.shape) ? { source: packedBatch(ids, mask), target: packedBatch([[4, 9, 3], [8, 2, 1], [7, 0, 0]], [[1, 1, 1], [1, 1, 1], [1, 0, 0]]) } : { target: packedBatch(ids, mask) };
  });
  afterAll(() => { bank.dispose(); model.dispose(); tf.dispose(text); });
  beforeEach(() => { bank = new Bank(model.shape); });

  const add = (name: string, written: string, seed: number): void => {
    const delta = createDelta(parseMethod(written), model.shape, model.weights, seed);
    delta.assign(perturbed(delta.variables, 0.1, seed));
    bank.add(name, delta);
  };
  const run = (forward: Partial<Forward> = {}, weights = model.weights): Tensor => {
    const how = { ...plainForward, ...forward };
    const frozen = { shape: model.shape, weights };
    return model.shape.decoderLayers === 0 ? encode(frozen, text.target, how) : decodeText(frozen, text, how);
  };
  const active = (...names: string[]): Tensor => bank.within(names, () => {
    const { visit, weights } = bank.apply(model.weights, context);
    return run({ visit }, weights);
  });
  const gap = (a: () => Tensor, b: () => Tensor): number => tf.tidy(() => largest(tf.sub(a(), b())));

  it('none active is the frozen model bit for bit, also after an error', () => {
    add('a', 'lora:r=3', 1);
    expect(gap(() => active('a'), run)).toBeGreaterThan(1e-3);
    expect(() => bank.within(['a'], () => { throw new Error('inside'); })).toThrow('inside');
    expect(bank.active).toEqual([]);
    expect(gap(() => active(), run)).toBe(0);
  });

  it('names and neighbours change nothing', () => {
    add('a', 'lora:r=3', 1);
    const alone = tf.tidy(() => active('a').arraySync());
    add('ab', 'pa-ffn:r=4,s=2', 2);
    add('b', 'lora:r=3', 3);
    expect(tf.tidy(() => active('a').arraySync())).toEqual(alone);
    bank.remove('ab');
    expect(tf.tidy(() => active('a').arraySync())).toEqual(alone);
    expect(gap(() => active('a'), () => active('b'))).toBeGreaterThan(1e-3);
  });

  it('stacks in order', () => {
    add('adapter', 'sa-ffn:r=4', 1);
    add('other', 'sa-ffn:r=4', 2);
    add('norms', 'layernorm', 3);
    expect(gap(() => active('adapter', 'other'), () => active('other', 'adapter'))).toBeGreaterThan(1e-4);
    expect(gap(() => active('adapter', 'norms'), () => active('norms', 'adapter'))).toBe(0);
    expect(gap(() => active('adapter', 'norms'), () => active('adapter'))).toBeGreaterThan(1e-3);
  });

  it('each row of a mixed batch equals its own run', () => {
    add('low', 'lora:r=3', 1);
    add('mam', 'mam:l=3,r=4', 2);
    const owners = ['low', 'none', 'mam'];
    const rowsFor = (name: string): Rows => {
      const of = (batch: Batch): Tensor => tf.tensor1d(Array.from(batch.sequences.dataSync(), (b) => owners[b] === name), 'bool');
      const sequences = tf.tensor1d(owners.map((owner) => owner === name), 'bool');
      return text.source === undefined ? { source: of(text.target), sequences } : { source: of(text.source), target: of(text.target), sequences };
    };
    const mixed = tf.tidy(() => run({ visit: bank.applyMixed({ low: rowsFor('low'), mam: rowsFor('mam') }, context) }).arraySync() as number[][]);
    const single = { low: tf.tidy(() => active('low').arraySync() as number[][]), mam: tf.tidy(() => active('mam').arraySync() as number[][]), none: tf.tidy(() => run().arraySync() as number[][]) };
    const sequences = text.target.sequences.dataSync();
    mixed.forEach((row, i) => {
      const owner = owners[sequences[i] ?? -1] as keyof typeof single | undefined;
      if (owner !== undefined) row.forEach((value, j) => { expect(Math.abs(value - (single[owner][i]?.[j] ?? NaN))).toBeLessThan(1e-5); });
    });
  });

  it('frees what it removes and refuses what it cannot do', () => {
    const before = live().tensors;
    add('one', 'layernorm', 1);
    add('two', 'bitfit+lora:r=2', 2);
    expect(() => { bank.activate('one', 'two'); }).toThrow(/"one" and "two" both replace .*bias/);
    expect(() => { bank.activate('on'); }).toThrow(/No adapter "on"; did you mean "one"/);
    expect(() => { bank.add('one', bank.get('two')); }).toThrow(UserError);
    expect(() => bank.applyMixed({ one: {} as Rows }, context)).toThrow(/cannot take part in a mixed batch/);
    expect(() => { bank.remove('three'); }).toThrow(UserError);
    bank.dispose();
    expect(bank.names).toEqual([]);
    expect(live().tensors).toBe(before);
  });
});
