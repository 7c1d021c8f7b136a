import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { trials, type Trial } from '../testing/trials';
import { completeMethod } from './complete';
import { whyInexpressible, type Expressible } from './field';
import { formText } from './forms';
import { method } from './methods';
import { point, printPoint } from './point';
import type { Method, Modification, Prefix } from './types';
import { whyInvalidModification } from './valid';
import { parseMethod } from './written';

const allowed = trials().filter((trial): trial is Trial & { changed: Modification } => trial.changed !== undefined);

describe('every value of every field', () => {
  it('is allowed somewhere', () => {
    expect(
      trials()
        .filter(({ changed }) => changed === undefined)
        .map(({ name }) => name),
    ).toEqual([]);
    expect(allowed.length).toBeGreaterThan(60);
  });

  it.each(allowed.map((trial) => [trial.name, trial] as const))('%s is written and read back', (_, trial) => {
    const written = printPoint(trial.changed);
    expect(written).not.toBe(printPoint(trial.usual));
    expect(parseMethod(written)).toEqual(point(trial.changed));
  });

  it('is told in the design table where it changes the function', () => {
    const told = (name: string): string => {
      const { form, reads } = allowed.find((trial) => trial.name === name)?.changed as Modification;
      return formText(form, reads);
    };
    expect(told('bottleneck.innerNorm="out"')).toBe('LN(ReLU(x W_down) W_up)');
    expect(told('bottleneck.trains="up"')).toBe('ReLU(x W_down) W_up, W_down frozen');
    expect(told('bottleneck.dropout=0.5')).toBe('drop(ReLU(x W_down), 0.5) W_up');
    expect(told('prefix.positions="shifted"')).toBe('softmax(x W_q P_kᵀ) P_v, text positions behind it');
  });
});

describe('a record', () => {
  const lora = parseMethod('lora:r=2');
  const changed = (form: object): Method =>
    method('lora:r=2', {
      modifications: lora.modifications.map((m) => ({ ...m, form: { ...m.form, ...form } }) as Modification),
    });

  it('with a field that this version does not know is refused, by itself and on a model', () => {
    const newer = changed({ temperature: 2 });
    expect(() => completeMethod(newer)).toThrow(UserError);
    expect(() => completeMethod(newer)).toThrow(/a bottleneck has no field "temperature" in this version/);
    expect(whyInvalidModification(newer.modifications[0] as Modification)).toMatch(/no field "temperature"/);
    expect(() => completeMethod({ ...lora, repeats: 2 } as Method)).toThrow(/no field "repeats"/);
  });

  it('without a field that it must have is refused', () => {
    expect(() => completeMethod(changed({ r: undefined }))).toThrow(/modification 1's form.r is missing/);
    expect(() => completeMethod(changed({ factors: { kind: 'woven' } }))).toThrow(/kind must be dense or phm/);
  });

  it('without a younger field is completed', () => {
    const prefix = parseMethod('prefix:l=2');
    const older = JSON.parse(JSON.stringify(prefix).replaceAll(',"positions":"kept"', '')) as Method;
    expect(older).not.toEqual(prefix);
    expect(completeMethod(older)).toEqual(prefix);
  });
});

it('a format says why it cannot express a value, and refuses fields that it does not know', () => {
  const table: Expressible<Prefix> = {
    length: 'any',
    reparameterisation: ({ kind }) => (kind === 'mlp' ? 'prefixes are stored without their MLP' : undefined),
    positions: 'any',
  };
  const free = { kind: 'prefix', length: 2, reparameterisation: { kind: 'none' }, positions: 'kept' } as const;
  expect(whyInexpressible(free, table)).toBeUndefined();
  const mlp: Prefix = { ...free, reparameterisation: { kind: 'mlp', width: 3 } };
  expect(whyInexpressible(mlp, table)).toBe('reparameterisation: prefixes are stored without their MLP');
  expect(whyInexpressible({ ...free, scale: 2 } as Prefix, table)).toBe('scale: not known to this format');
});
