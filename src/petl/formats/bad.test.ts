import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { live } from '../../engine/memory';
import { UserError } from '../../errors';
import type { ForeignFolder } from './folder';
import { importForeign } from './foreign';
import { altered, fixtures, modelOf, temporaryFolder } from './testing/cases';

const folder = temporaryFolder();

describe('bad folders', () => {
  const lora = 'peft-bert-lora';
  const first = 'base_model.model.encoder.layer.0.attention.self.query';
  const one = { shape: [1], values: Float32Array.of(1) };

  it('refuses tensors that it does not know, or takes the rest on request and says so', () => {
    const strange = altered(lora, join(folder, 'strange'), ({ config, tensors, ...rest }) => ({
      ...rest,
      config: { ...config, brand_new: false },
      tensors: { ...tensors, 'base_model.model.stranger.weight': one },
    }));
    expect(() => importForeign(strange, modelOf('bert'))).toThrow(/base_model\.model\.stranger\.weight.*--partial/);
    const { delta, report } = importForeign(strange, modelOf('bert'), { partial: true });
    expect(report).toEqual({
      lossless: false,
      notes: [
        'settings not known here, and off: brand_new',
        'the tensors base_model.model.stranger.weight do not carry over: no method here has their like',
      ],
    });
    delta.dispose();
  });

  it('a change of the pooler is left out with a note where nothing reads it, and refused where a classifier does', () => {
    const pooled = (module: string) =>
      altered(lora, join(folder, `pooled-${module}`), ({ config, tensors, ...rest }) => {
        const low = `base_model.model.${module}`;
        const values = { shape: [2, 32], values: new Float32Array(64).fill(0.1) };
        const targets = [config['target_modules'], module].flat();
        return {
          ...rest,
          config: { ...config, target_modules: targets, rank_pattern: { [module]: 2 } },
          tensors: {
            ...tensors,
            [`${low}.lora_A.weight`]: values,
            [`${low}.lora_B.weight`]: { ...values, shape: [32, 2] },
          },
        };
      });
    const { delta, report } = importForeign(pooled('pooler.dense'), modelOf('bert'));
    expect(report.notes.join()).toContain('a change of the pooler, which no output here reads, is left out');
    delta.dispose();
    expect(() => importForeign(pooled('bert.pooler.dense'), modelOf('bert'))).toThrow(
      'a change of bert.pooler.dense does not carry over',
    );
  });

  it('LoRA that takes its start out of the frozen weights is refused unless it can be repeated', () => {
    const strange = altered(lora, join(folder, 'niter'), ({ config, ...rest }) => ({
      ...rest,
      config: { ...config, init_lora_weights: 'pissa_niter_4' },
    }));
    expect(() => importForeign(strange, modelOf('bert'))).toThrow(
      /starts by pissa_niter_4.*path_initial_model_for_weight_conversion/,
    );
  });

  it.each([
    [
      'a wrong shape',
      (file: ForeignFolder) => ({
        ...file,
        tensors: { ...file.tensors, [`${first}.lora_B.weight`]: { shape: [31, 4], values: new Float32Array(124) } },
      }),
      /shape \[4,31\].*needs \[4,32\]/,
    ],
    [
      'half a pair',
      (file: ForeignFolder) => ({
        ...file,
        tensors: { [`${first}.lora_A.weight`]: { shape: [4, 32], values: new Float32Array(128) } },
      }),
      /no tensors of it/,
    ],
    [
      'a module out of reach',
      (file: ForeignFolder) => ({
        ...file,
        config: { ...file.config, target_modules: ['attention.output.LayerNorm', 'value'] },
        tensors: Object.fromEntries(
          Object.entries(file.tensors).map(([key, value]) => [key.replace('self.query', 'output.LayerNorm'), value]),
        ),
      }),
      /attention\.output\.LayerNorm.*reach the matrices of attention and FFN/,
    ],
    [
      'another function',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, use_qalora: true } }),
      /use_qalora/,
    ],
    [
      'a setting not known',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, brand_new: 1 } }),
      /brand_new = 1/,
    ],
    [
      'another rank',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, r: 8 } }),
      /r = 8, its tensors have 4/,
    ],
    [
      'another rank by a pattern',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, rank_pattern: { 'layer.1.*': 2 } } }),
      /layer\.1\.attention.*r = 2, its tensors have 4/,
    ],
    [
      'more modules than tensors',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, target_modules: ['query', 'value', 'key'] } }),
      /self\.key, the file has no tensors/,
    ],
    [
      'a pattern that JavaScript cannot say',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, alpha_pattern: { '(?>query)': 100 } } }),
      /pattern .*query.* no counterpart/,
    ],
    [
      'DoRA without magnitudes',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, use_dora: true } }),
      /use_dora/,
    ],
    [
      'biases that bias does not promise',
      (file: ForeignFolder) => ({
        ...file,
        tensors: { ...file.tensors, [`${first}.base_layer.bias`]: { shape: [32], values: new Float32Array(32) } },
      }),
      /base_layer\.bias.*--partial/,
    ],
    ['another method', (file: ForeignFolder) => ({ ...file, config: { ...file.config, peft_type: 'BOFT' } }), /BOFT/],
  ] as const)('%s is refused with the reason and leaves nothing in memory', (name, change, reason) => {
    const bad = altered(lora, join(folder, name.replaceAll(' ', '-')), change);
    const model = modelOf('bert');
    const before = live();
    expect(() => importForeign(bad, model)).toThrow(reason);
    expect(() => importForeign(bad, model)).toThrow(UserError);
    expect(live()).toEqual(before);
  });

  it('an adapter for another model is refused', () => {
    expect(() => importForeign(join(fixtures, 'adapters-bart-pfeiffer'), modelOf('bert'))).toThrow(
      /bart model, this is a bert/,
    );
    const wide = altered('adapters-bart-pfeiffer', join(folder, 'wide'), ({ config, ...rest }) => ({
      ...rest,
      config: { ...config, hidden_size: 768 },
    }));
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
    const old = altered(
      'adapters-bart-pfeiffer',
      join(folder, 'old'),
      ({ config: { version: _, ...config }, ...rest }) => ({
        ...rest,
        config: { ...config, config: { ...(config['config'] as object), non_linearity: 'gelu' } },
      }),
    );
    const { delta } = importForeign(old, modelOf('bart'));
    expect(delta.method.modifications[0]?.form).toMatchObject({ activation: 'geluTanh' });
    delta.dispose();
  });
});
