import { expect, it } from 'vitest';
import { live } from '../../engine/memory';
import { UserError } from '../../errors';
import { Bank, type Rows } from './bank';
import { createDelta } from './delta';
import { tinyModel } from '../testing/fixtures';
import { parseMethod } from '../design/written';

it.each(['bert', 'bart', 'gpt2'])(
  'a bank on a tiny %s frees what it removes and refuses what it cannot do',
  (family) => {
    const model = tinyModel(family);
    const before = live().tensors;
    const bank = new Bank(model.shape);
    ['layernorm', 'bitfit+lora:r=2'].forEach((written, i) => {
      bank.add(['one', 'two'][i] as string, createDelta(parseMethod(written), model.shape, model.weights, i));
    });
    expect(() => {
      bank.activate('one', 'two');
    }).toThrow(/"one" and "two" both replace .*bias/);
    expect(() => {
      bank.activate('on');
    }).toThrow(/No adapter "on": .*; did you mean "one"/);
    expect(() => {
      bank.add('one', bank.get('two'));
    }).toThrow(UserError);
    expect(() => bank.applyMixed({ one: {} as Rows }, { noise: undefined })).toThrow(
      /cannot take part in a mixed batch/,
    );
    expect(() => {
      bank.remove('three');
    }).toThrow(UserError);
    bank.dispose();
    expect(bank.names).toEqual([]);
    expect(live().tensors).toBe(before);
    model.dispose();
  },
);
