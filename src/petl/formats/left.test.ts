import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import type { Config, ForeignFolder } from './folder';
import { importForeign } from './foreign';
import { altered, caseOf, modelOf, temporaryFolder } from './testing/cases';
import { filled, type Named } from './values';

const folder = temporaryFolder();
let count = 0;

type Alter = (file: ForeignFolder) => ForeignFolder;

/** A fixture with something else in it, on its own model. */
const opened = (name: string, change: Alter, partial = false) =>
  importForeign(altered(name, join(folder, String(count++)), change), modelOf(caseOf(name).family), { partial });

const also =
  (more: (names: readonly string[]) => Named): Alter =>
  (file) => ({ ...file, tensors: { ...file.tensors, ...more(Object.keys(file.tensors)) } });

/** One more tensor, under the first name of the file that has `from`, with `to` in its place. */
const beside = (from: string | RegExp, to: string, shape: readonly number[] = [1]): Alter =>
  also((names) => {
    const name = names.find((one) => one.search(from) >= 0) ?? '';
    return { [name.replace(from, to)]: filled(shape, 3) };
  });

const settings =
  (over: Config): Alter =>
  ({ config, ...rest }) => ({ ...rest, config: { ...config, ...over } });

/** Settings of adapters' own configuration, or of the members of a union. @param of the kind of member */
const own =
  (over: Config, of?: string): Alter =>
  ({ config, ...rest }) => {
    const given = config['config'] as Config;
    const members = given['configs'] as readonly Config[] | undefined;
    const made = members?.map((member) => (member['architecture'] === of ? { ...member, ...over } : member));
    return {
      ...rest,
      config: { ...config, config: made === undefined ? { ...given, ...over } : { ...given, configs: made } },
    };
  };

const both =
  (first: Alter, then: Alter): Alter =>
  (file) =>
    then(first(file));

const pfeiffer = 'adapters-bart-pfeiffer';
const unipelt = 'adapters-bert-unipelt';
const gate = /prefix_gates\.task\.bias/;

describe('tensors that nothing asks for', () => {
  it.each([
    ['a learned scale beside a fixed one', pfeiffer, beside('adapter_up.bias', 'scaling')],
    ['a norm where ln_before is off', pfeiffer, beside('adapter_up.bias', 'adapter_norm_before.weight', [32])],
    ['a gate without gating', 'adapters-gpt2-lora', beside('lora_A', 'gate.weight', [1, 32])],
    ['an unknown part of LoRA', 'adapters-gpt2-lora', beside('lora_A', 'foo')],
    ['an A beside factors', 'adapters-gpt2-ia3', beside('lora_B', 'lora_A', [1, 32])],
    ['an unknown part of a gate', unipelt, beside(gate, 'prefix_gates.task.foo')],
    ['gates of a prefix without gating', unipelt, own({ use_gating: false }, 'prefix_tuning')],
    ['a shared tensor', 'adapters-gpt2-lora', beside(/h\.0\..*/, 'shared_parameters.task.phm_rule', [2, 2, 2])],
  ])('%s is refused by name, or dropped on request', (_, name, change) => {
    expect(() => opened(name, change)).toThrow(
      /^the tensors .* do not carry over: adapter_config.json asks for nothing like them; petl.*--partial/,
    );
    expect(() => opened(name, change)).toThrow(UserError);
    const { delta, report } = opened(name, change, true);
    expect(report.lossless).toBe(false);
    delta.dispose();
  });

  it('gates of a prefix that the configuration does not have are named, as its tensors are', () => {
    const { delta, report } = opened(unipelt, ({ config, ...rest }) => {
      const { configs, ...union } = config['config'] as { readonly configs: readonly Config[] };
      const kept = configs.filter((member) => member['architecture'] !== 'prefix_tuning');
      return { ...rest, config: { ...config, config: { ...union, configs: kept } } };
    });
    expect(report.notes.join()).toMatch(
      /leaves them out: the gate of encoder\.layer\.0\.attention.*leaves them out: self_prefix/,
    );
    delta.dispose();
  });

  it('the norm in front of adapter_down may stand in the file under both of its names, with the same numbers', () => {
    const norm = (twin: number): Alter =>
      both(own({ ln_before: true }), (file) => ({
        ...file,
        tensors: Object.fromEntries(
          Object.entries(file.tensors).flatMap(([name, values]) => {
            const then = name.replace('adapter_down.0.', 'adapter_down.1.');
            if (then === name) return [[name, values]];
            const first = name.replace(/adapter_down.*\./, 'adapter_norm_before.');
            return [
              [then, values],
              [name, filled([32], 2)],
              [first, filled([32], twin)],
            ];
          }),
        ),
      }));
    const { delta } = opened(pfeiffer, norm(2));
    expect(delta.method.modifications[0]?.form).toMatchObject({ innerNorm: 'in' });
    delta.dispose();
    expect(() => opened(pfeiffer, norm(5))).toThrow(/adapter_norm_before.* stands in the file twice/);
  });
});

describe('a part that stands in the file twice', () => {
  const query = 'base_model.model.encoder.layer.0.attention.self.query';
  it.each([
    ['peft-bert-lora', beside('lora_A.weight', 'lora_A', [4, 32]), /query\.lora_A.* are one and the same/],
    ['peft-bert-lora', beside('model.encoder', 'model.bert.encoder', [4, 32]), /bert\.encoder.* are one and the same/],
    ['peft-gpt2-ln', beside('transformer.', '', [32]), /are one and the same/],
    [
      'peft-bert-lora',
      both(
        settings({ bias: 'all' }),
        also(() => ({ [`${query}.bias`]: filled([32], 1), [`${query}.base_layer.bias`]: filled([32], 2) })),
      ),
      /base_layer\.bias and .*query\.bias, which are one and the same/,
    ],
    ['adapters-gpt2-lora', beside('transformer.', '', [8, 32]), /are one and the same/],
    [pfeiffer, beside('model.', '', [32]), /are one and the same/],
  ] as const)('%s: is refused', (name, change, reason) => {
    expect(() => opened(name, change)).toThrow(reason);
    expect(() => opened(name, change)).toThrow(UserError);
  });
});

describe('switches', () => {
  it.each([
    ['peft-bert-lora', settings({ use_rslora: 1 }), 'use_rslora must be true or false, not 1'],
    ['peft-bert-lora', settings({ use_dora: 'true' }), 'use_dora must be true or false, not "true"'],
    ['peft-bert-lora', settings({ bias: true }), 'bias must be a word, not true'],
    ['peft-bert-lora', settings({ init_lora_weights: 1 }), 'init_lora_weights must be a word, not 1'],
    ['peft-bert-vera-key', settings({ save_projection: 0 }), 'save_projection must be true or false, not 0'],
    [pfeiffer, own({ is_parallel: 1 }), 'is_parallel must be true or false, not 1'],
    [pfeiffer, own({ use_gating: 1 }), 'use_gating must be true or false, not 1'],
    [pfeiffer, own({ ln_before: 1 }), 'ln_before must be true or false, not 1'],
    [pfeiffer, own({ phm_layer: 1 }), 'phm_layer must be true or false, not 1'],
    [pfeiffer, own({ output_adapter: 1 }), 'output_adapter must be true or false, not 1'],
    ['adapters-gpt2-lora', own({ selfattn_lora: 'yes' }), 'selfattn_lora must be true or false, not "yes"'],
    [unipelt, own({ flat: 1 }, 'prefix_tuning'), 'flat must be true or false, not 1'],
    [pfeiffer, settings({ hidden_size: '32' }), 'is for hidden size "32"'],
  ] as const)('%s: what is neither true nor false is refused', (name, change, reason) => {
    expect(() => opened(name, change)).toThrow(reason);
    expect(() => opened(name, change)).toThrow(UserError);
  });

  it('null is off', () => {
    const { delta, report } = opened('peft-bert-lora', settings({ use_rslora: null, use_dora: null, bias: null }));
    expect(report.lossless).toBe(true);
    delta.dispose();
  });
});

describe('LayerNorm tuning', () => {
  const without =
    (part: RegExp): Alter =>
    (file) => ({
      ...file,
      tensors: Object.fromEntries(Object.entries(file.tensors).filter(([name]) => !part.test(name))),
    });
  it.each([
    ['no names', settings({ target_modules: null }), 'has no target_modules'],
    ['names of nothing', settings({ target_modules: ['nope'] }), '["nope"] names no norm of this model'],
    ['a norm without tensors', without(/ln_2/), /names transformer\.h\.0\.ln_2, the file has no weight of it/],
    ['half a norm', without(/ln_f.*bias/), 'names transformer.ln_f, the file has no bias of it'],
  ])('%s: is refused', (_, change, reason) => {
    expect(() => opened('peft-gpt2-ln', change)).toThrow(reason);
    expect(() => opened('peft-gpt2-ln', change)).toThrow(UserError);
  });

  it('some norms alone are read, and the report says which are not', () => {
    const { delta, report } = opened('peft-gpt2-ln', settings({ target_modules: ['ln_f'] }));
    expect(report.notes[0]).toContain('not read, here or by PEFT');
    expect(report.notes[1]).toMatch(/^1 of 5 norms trained/);
    delta.dispose();
  });
});
