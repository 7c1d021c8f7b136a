import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tf } from '../../engine/tf';
import { UserError } from '../../errors';
import { createDelta } from '../bank/delta';
import { parseMethod } from '../design/written';
import { perturbed } from '../testing/tiny';
import type { ForeignFolder } from './folder';
import { exportForeign, importForeign, type Library } from './foreign';
import { altered, caseOf, gap, modelOf, outputs, temporaryFolder } from './testing/cases';

const folder = temporaryFolder();
const few = { ...caseOf('peft-bert-lora'), inputs: { ids: [[1, 2, 3, 9, 11]], mask: [[1, 1, 1, 1, 1]] } };

/** The first output of PEFT's LoRA with other fields, and the notes of the report. */
function firstWith(name: string, fields: Readonly<Record<string, unknown>>): readonly [number, readonly string[]] {
  const to = altered('peft-bert-lora', join(folder, name), ({ config, ...rest }) => ({
    ...rest,
    config: { ...config, ...fields },
  }));
  const { delta, report } = importForeign(to, modelOf('bert'));
  const first = outputs(delta, few)[0]?.[0] ?? NaN;
  delta.dispose();
  expect(report.lossless).toBe(true);
  return [first, report.notes];
}

describe('a configuration that says less or more than the tensors', () => {
  // PEFT 0.21.2 with transformers 4.57.6 and 5.23
  it('layers that it leaves out are not read, and named', () => {
    const [first, notes] = firstWith('layers', { layers_to_transform: [0] });
    expect(first).toBeCloseTo(-0.4296, 5);
    expect(notes.join()).toMatch(/not read, here or by PEFT.*layer\.1\.attention\.self\.query/);
    expect(firstWith('excluded', { exclude_modules: '.*[.](?P<layer>1)[.].*' })[0]).toBeCloseTo(-0.4296, 5);
    expect(firstWith('some', { target_modules: '.*layer\\.0.*(query|value)' })[0]).toBeCloseTo(-0.4296, 5);
  });

  it('a module that is named whole is changed whatever its layer', () => {
    const parts = ['query', 'value'].flatMap((part) => [0, 1].map((i) => `encoder.layer.${i}.attention.self.${part}`));
    const [first, notes] = firstWith('whole', { target_modules: parts, layers_to_transform: [0] });
    expect(first).toBe(firstWith('plain', {})[0]);
    expect(notes).toEqual([]);
  });

  it('patterns mean what they mean in Python', () => {
    const plain = firstWith('alpha-plain', { alpha_pattern: { query: 100 } });
    expect(firstWith('alpha-named', { alpha_pattern: { '(?P<x>query)': 100 } })).toEqual(plain);
    expect(firstWith('alpha-folded', { alpha_pattern: { '(?i:QUERY)\\Z': 100, query: 3 } })).toEqual(plain);
    expect(firstWith('alpha-none', {})[0]).not.toBeCloseTo(plain[0], 2);
  });

  it("an adapter of XLM-RoBERTa is one of RoBERTa's kind", () => {
    const name = 'adapters-roberta-pfeiffer-deep-classifier';
    const to = altered(name, join(folder, 'xlmr'), ({ config, ...rest }) => ({
      ...rest,
      config: { ...config, model_type: 'xlm-roberta', model_class: 'XLMRobertaAdapterModel' },
    }));
    const { delta, head, report } = importForeign(to, modelOf('roberta'));
    expect(report).toEqual({ lossless: true, notes: [] });
    expect(gap(outputs(delta, caseOf(name), head), caseOf(name).outputs)).toBeLessThan(2e-5);
    delta.dispose();
    tf.dispose(head);
    expect(() => importForeign(to, modelOf('bert'))).toThrow(/xlm-roberta model, this is a bert/);
  });

  it('a file of adapters that changes nothing is a method that changes nothing', () => {
    const to = altered('adapters-bart-pfeiffer', join(folder, 'nothing'), ({ config, ...rest }) => ({
      ...rest,
      tensors: {},
      config: { ...config, config: { ...(config['config'] as object), output_adapter: false } },
    }));
    const { delta, head } = importForeign(to, modelOf('bart'));
    expect([delta.method.name, Object.keys(delta.variables)]).toEqual(['head', []]);
    tf.dispose(head);
  });

  it('sizes of layers that are not there are named', () => {
    const to = altered('adapters-bart-pfeiffer', join(folder, 'idle'), ({ config, ...rest }) => ({
      ...rest,
      config: { ...config, config: { ...(config['config'] as object), phm_dim: 8 } },
    }));
    const { delta, head, report } = importForeign(to, modelOf('bart'));
    expect(report).toEqual({ lossless: true, notes: ['settings without effect here: phm_dim'] });
    delta.dispose();
    tf.dispose(head);
  });

  it('a rank and alpha of no module may be anything', () => {
    const own = { rank_pattern: { '.*': 4 }, alpha_pattern: { '.*': 8 } };
    expect(firstWith('own-ranks', { ...own, r: 7, lora_alpha: 3 })).toEqual(firstWith('plain', {}));
  });

  it.each([
    ['reduction_factor', 16, /bottleneck of 2, the tensors have 8/],
    ['leave_out', [0, 1, 2, 3], /no tensors|hold nothing/],
    ['mh_adapter', true, /no tensors of it/],
    ['original_ln_after', false, /original_ln_after/],
    ['inv_adapter', 'nice', /invertible/],
    ['brand_new', 3, /brand_new = 3/],
  ])('of adapters, %s = %j is refused', (field, value, reason) => {
    const bad = altered('adapters-bart-pfeiffer', join(folder, field), ({ config, ...rest }) => ({
      ...rest,
      config: { ...config, config: { ...(config['config'] as object), [field]: value } },
    }));
    expect(() => importForeign(bad, modelOf('bart'))).toThrow(reason);
  });
});

describe('tensors of other shapes or numbers', () => {
  const reshaped =
    (part: string, shape: readonly number[]) =>
    ({ tensors, ...rest }: ForeignFolder): ForeignFolder => ({
      ...rest,
      tensors: Object.fromEntries(
        Object.entries(tensors).map(([key, values]) => [key, key.endsWith(part) ? { ...values, shape } : values]),
      ),
    });
  const configured =
    (fields: Readonly<Record<string, unknown>>) =>
    ({ config, ...rest }: ForeignFolder): ForeignFolder => ({
      ...rest,
      config: { ...config, config: { ...(config['config'] as object), ...fields } },
    });
  it.each([
    ['peft-bert-lora', reshaped('query.lora_A.weight', [4, 32, 1]), /where a matrix belongs/],
    ['peft-bert-adalora-pruned', reshaped('lora_E', [2, 1, 1]), /lora_E.*should be \[2,1\]/],
    ['peft-llama-ia3-feed', reshaped('k_proj.ia3_l', [16]), /ia3_l.*should be \[16,1\]/],
    ['adapters-gpt2-ia3', reshaped('c_fc.loras.task.lora_B', [64, 1, 1]), /lora_B.*should be \[64,1\]/],
    ['adapters-gpt2-lora', configured({ use_gating: true }), /gate is missing/],
    ['peft-gpt2-vera', (file: ForeignFolder) => ({ ...file, config: { ...file.config, r: 1e9 } }), /r = 1000000000/],
    [
      'peft-bert-vera-key',
      (file: ForeignFolder) => ({ ...file, config: { ...file.config, projection_prng_key: 7.5 } }),
      /projection_prng_key must be a whole number, not 7.5/,
    ],
    ['peft-gpt2-ln', reshaped('h.1.ln_1.ln_tuning_layers.weight', [32, 1]), /norm\.gain has shape \[32,1\]/],
    ['adapters-bart-pfeiffer', configured({ non_linearity: '__proto__' }), /non_linearity "__proto__"/],
    ['adapters-gpt2-lora', configured({ architecture: [] }), /architecture \[\] must be a word or null/],
    ['adapters-bert-unipelt', configured({ configs: ['lora'] }), /"lora" in the union's configs is no configuration/],
    [
      'adapters-bert-unipelt',
      ({ tensors, ...rest }: ForeignFolder): ForeignFolder => ({
        ...rest,
        tensors: Object.fromEntries(
          Object.entries(tensors).map(([key, { shape, values }], i) => [
            key,
            { shape, values: key.includes('wte') ? values.map((value) => value + i) : values },
          ]),
        ),
      }),
      /other numbers at its layers/,
    ],
  ] as const)('%s is refused', (name, change, reason) => {
    const bad = altered(name, join(folder, `shape-${name}`), change);
    expect(() => importForeign(bad, modelOf(caseOf(name).family))).toThrow(UserError);
    expect(() => importForeign(bad, modelOf(caseOf(name).family))).toThrow(reason);
  });
});

describe('two changes at one place', () => {
  it('a prefix on heads of another width than width / heads is not written for adapters, which could not open it', () => {
    const model = modelOf('llama');
    const shape = { ...model.shape, headWidth: 16 };
    const made = Array.from({ length: shape.decoderLayers }, (_, layer) =>
      ['keys', 'values'].map((part) => [`decoder.${layer}.attn.heads.prefix.${part}`, tf.zeros([2, 32])] as const),
    ).flat();
    const delta = { method: parseMethod('prefix:l=2'), shape, variables: Object.fromEntries(made), constants: {} };
    const to = { library: 'adapters', model: { shape, weights: {} }, name: 'tiny' } as const;
    expect(() => exportForeign(join(folder, 'heads'), delta, to)).toThrow(/heads of 16.*takes heads of 8/);
    tf.dispose(delta.variables);
  });

  it('a prefix is not written for PEFT where layers see near tokens alone: there it falls out of the window', () => {
    const model = modelOf('llama');
    const shape = { ...model.shape, window: { reach: 4, layers: [0, 1] } };
    const made = Array.from({ length: shape.decoderLayers }, (_, layer) =>
      ['keys', 'values'].map((part) => [`decoder.${layer}.attn.heads.prefix.${part}`, tf.zeros([2, 16])] as const),
    ).flat();
    const delta = { method: parseMethod('prefix:l=2'), shape, variables: Object.fromEntries(made), constants: {} };
    const to = { library: 'peft', model: { shape, weights: {} }, name: 'tiny' } as const;
    expect(() => exportForeign(join(folder, 'window'), delta, to)).toThrow(/falls out of the window/);
    tf.dispose(delta.variables);
  });

  it.each([
    ['sa-ffn:r=2+sa-ffn:r=4', 'adapters', 'bert', /two changes|two members/],
    ['ia3:form=adapters+lora:r=2', 'adapters', 'gpt2', /two changes|two members/],
    ['lora:r=2+lora:r=3', 'peft', 'bert', /two changes of encoder/],
    ['pfeiffer:r=2+pa-ffn:r=2', 'adapters', 'bart', /two changes|two members/],
  ] as const)('%s is refused by %s on %s, and nothing is written', (written, library, family, reason) => {
    expect(() => exchanged(written, library, family)).toThrow(reason);
  });

  it.each([
    ['dora:r=2+lora-ffn:r=3', 'peft', 'bert'],
    ['dora:r=2+lora-ffn:r=3,s=2', 'peft', 'gpt2'],
    ['lora:r=2+bitfit', 'peft', 'gpt2'],
    ['vera:r=4+bitfit', 'peft', 'bart'],
  ] as const)('%s goes to %s on %s and computes the same there', (written, library, family) => {
    expect(exchanged(written, library, family)).toBeLessThan(1e-4);
  });

  /** Writes a method with random values and reads it again. @returns the largest difference of outputs */
  function exchanged(written: string, library: Library, family: string): number {
    const model = modelOf(family);
    const delta = createDelta(parseMethod(written), model.shape, model.weights, 3);
    try {
      delta.assign(perturbed(delta.variables, 0.2, 4));
      const to = join(folder, `${library}-${family}-${written}`);
      expect(exportForeign(to, delta, { library, model, name: 'tiny' }).lossless).toBe(true);
      const back = importForeign(to, model).delta;
      const example = { ...caseOf(family === 'bart' ? 'adapters-bart-pfeiffer' : 'peft-bert-lora'), family };
      const far = gap(outputs(back, example), outputs(delta, example));
      back.dispose();
      return far;
    } finally {
      delta.dispose();
    }
  }
});
