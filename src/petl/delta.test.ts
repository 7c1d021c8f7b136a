import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import { UserError } from '../errors';
import type { Batch } from '../model/batch';
import type { Backbone } from '../model/backbone';
import { encode, plainForward } from '../model/encoder';
import type { SitePoint } from '../model/site';
import { count } from './count';
import { createDelta, type Delta } from './delta';
import { drawInit } from './init';
import { visitFor } from './modify';
import { gradients, hiddenWith, largest, perturbed, probeLoss } from './testing/tiny';
import { packedBatch, tinyModel } from './testing/fixtures';
import { families, parseMethod } from './written';

const ids = [[5, 17, 42, 8, 63, 2, 77], [60, 3, 85, 9, 0, 0, 0], [11, 12, 13, 14, 15, 0, 0]];
const mask = [[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0, 0]];

let model: Backbone;
let batch: Batch;
beforeAll(() => { model = tinyModel('bert'); batch = packedBatch(ids, mask); });
afterAll(() => { model.dispose(); tf.dispose(Object.values(batch)); });

function withDelta<T>(text: string, use: (delta: Delta) => T): T {
  const delta = createDelta(parseMethod(text), model.shape, model.weights, 11);
  try { return tf.tidy(() => use(delta) as tf.TensorContainer) as T; } finally { delta.dispose(); }
}

/** Distance to the frozen model, computed in the same pieces: unwatched layers may run fused, which rounds otherwise. */
function moved(delta: Delta, variables = delta.variables): number {
  const { sites } = visitFor(delta.method, model.shape, { ...delta.constants, ...variables }, { noise: undefined });
  const base = encode(model, batch, { ...plainForward, visit: Object.assign((point: SitePoint) => point.output, { ...(sites && { sites }) }) });
  return largest(tf.sub(hiddenWith(delta, model.weights, batch, variables), base));
}

/** Peers' catalogue, invariant 2: the frozen model at the start, exactly or nearly, or not at all. */
const startOf: Readonly<Record<string, 'exact' | 'near' | 'far'>> = {
  full: 'exact', head: 'exact', bitfit: 'exact', layernorm: 'exact', 'top:k=2': 'exact',
  'lora:r=8': 'exact', 'lora-ffn:r=8': 'exact', 'pa-ffn:r=16,s=4': 'exact', 'pa-attn:r=4,s=learned': 'exact', 'sa-ffn:r=4,init=lora': 'exact',
  'houlsby:m=16': 'near', 'sa-attn:r=16': 'near', 'sa-ffn:r=16': 'near', 'pa-attn:r=16': 'near', 'pa-ffn:r=4': 'near', 'mhpa:l=30': 'near', 'pfeiffer:r=16': 'near',
  'rslora:r=4': 'exact', 'lora-fa:r=4': 'exact', 'dora:r=4': 'exact', 'pissa:r=4': 'exact', 'vera:r=16': 'exact', 'adalora:r=4': 'exact', ia3: 'exact', 'ia3:form=peft-bert': 'exact',
  'compacter:r=8': 'near', 'vlm:r=8': 'near', 'adapterdrop:r=8,first=1': 'near', 'vlm:r=8,rows=5': 'near', 'unipelt:l=3,r=4,m=8': 'far', 'p-tuning-v2:l=3': 'far', 'prefix:l=3,gate=none': 'near',
  'prefix:l=30': 'far', 'prefix:l=3,mlp=8': 'far', 'mam:l=8,r=16': 'far', 'mhpa:l=4,query=normed': 'near',
};

describe('the start', () => {
  it.each(Object.entries(startOf))('%s starts %s', (text, start) => {
    withDelta(text, (delta) => {
      const distance = moved(delta);
      if (start === 'exact') expect(distance).toBe(0);
      if (start === 'near') { expect(distance).toBeGreaterThan(0); expect(distance).toBeLessThan(8e-2); }
      if (start === 'far') expect(distance).toBeGreaterThan(8e-2);
    });
  });

  it.each(Object.keys(startOf).filter((text) => text !== 'head'))('%s changes the model once its tensors move', (text) => {
    withDelta(text, (delta) => { expect(moved(delta, perturbed(delta.variables, 0.1, 3))).toBeGreaterThan(1e-3); });
  });

  it('grows with the standard deviation', () => {
    const [small, large] = ['houlsby:m=16,std=0.001', 'houlsby:m=16'].map((text) => withDelta(text, (delta) => moved(delta))) as [number, number];
    expect(small).toBeLessThan(large / 20);
  });
});

describe('initial values', () => {
  const stats = (values: Float32Array) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { mean, std: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length), top: Math.max(...values.map(Math.abs)) };
  };

  it('are normal, cut normal and uniform as asked', () => {
    const normal = stats(drawInit({ kind: 'normal', std: 0.02 }, [100, 200], 1, 'a'));
    expect(normal.mean).toBeCloseTo(0, 3);
    expect(normal.std).toBeCloseTo(0.02, 3);
    expect(normal.top).toBeGreaterThan(0.06);
    const cut = stats(drawInit({ kind: 'truncatedNormal', std: 0.01 }, [100, 200], 1, 'a'));
    expect(cut.top).toBeLessThanOrEqual(0.02);
    expect(cut.std).toBeCloseTo(0.01 * 0.8796, 4); // of a standard normal cut at two
    const uniform = stats(drawInit({ kind: 'uniform', bound: 0.5, seed: 'run' }, [100, 200], 1, 'a'));
    expect([uniform.top <= 0.5, uniform.top > 0.499]).toEqual([true, true]);
    expect(uniform.std).toBeCloseTo(0.5 / Math.sqrt(3), 2);
  });

  it('depend on the seed and the name, not on what else exists', () => {
    const name = 'encoder.1.attn.query.bottleneck.down';
    const values = (text: string, seed: number): number[] => {
      const delta = createDelta(parseMethod(text), model.shape, model.weights, seed);
      const read = Array.from((delta.variables[name] as Tensor).dataSync());
      delta.dispose();
      return read;
    };
    expect(values('lora:r=4', 1)).toEqual(values('prefix:l=3+bitfit+lora:r=4', 1));
    expect(values('lora:r=4', 1)).not.toEqual(values('lora:r=4', 2));
    expect(values('lora:r=4', 1).every((value) => Math.abs(value) <= 1 / Math.sqrt(32))).toBe(true);
  });
});

describe('what a delta owns', () => {
  it.each(Object.values(families).map(({ example }) => example))('%s: as many elements as counted, all freed', (text) => {
    const before = live().tensors;
    const method = parseMethod(text);
    const delta = createDelta(method, model.shape, model.weights, 1);
    const elements = Object.values(delta.variables).reduce((sum, { size }) => sum + size, 0);
    expect(elements).toBe(count(method, model.shape).trained);
    delta.dispose();
    expect(live().tensors).toBe(before);
  });

  it('refuses what does not fit the model', () => {
    const make = (text: string) => () => createDelta(parseMethod(text), model.shape, model.weights, 1);
    expect(make('top:k=3')).toThrow(UserError);
    const layers = parseMethod('lora:r=2');
    const deep = { ...layers, modifications: layers.modifications.map((m) => ({ ...m, layers: [0, 7] })) };
    expect(() => createDelta(deep, model.shape, model.weights, 1)).toThrow(/layers 0,7 must lie between 0 and 1/);
  });
});

const seesEverything = ['full', 'bitfit', 'layernorm', 'top:k=1', 'prompt:l=3', 'prefix:l=3', 'prefix:l=3,mlp=8', 'lora:r=3', 'lora-ffn:r=3', 'sa-attn:r=3', 'sa-ffn:r=3,s=2',
  'pa-attn:r=3', 'pa-ffn:r=3,s=learned', 'pa-ffn:r=3,s=channel', 'mhpa:l=4', 'mhpa:l=4,query=normed', 'houlsby:m=3', 'pfeiffer:r=3,act=gelu', 'mam:l=2,r=3', 'prefix:l=1', 'bitfit+prefix:l=2',
  'lora-fa:r=3', 'dora:r=3', 'pissa:r=3', 'vera:r=8', 'adalora:r=3', 'ia3', 'ia3:form=adapters', 'compacter:r=8', 'unipelt:l=2,r=3,m=4', 'adapterdrop:r=4,first=1', 'vlm:r=3', 'prefix:l=1,gate=none',
  'prefix:l=2,gate=none', 'prompt:l=2,init=vocabulary', 'pa-ffn:r=3,norm=out', 'sa-ffn:r=3,act=tanh,norm=in'];

describe('every used element can receive gradient, and nothing else does', () => {
  it.each(seesEverything)('%s', (text) => {
    const delta = createDelta(parseMethod(text), model.shape, model.weights, 4);
    const reached = new Map<string, Uint8Array>();
    const missing = () => [...reached.values()].some((seen) => seen.includes(0));
    for (let attempt = 0; attempt < 6 && (attempt === 0 || missing()); attempt++) {
      tf.tidy(() => {
        const random = (n: number) => Math.floor(drawInit({ kind: 'uniform', bound: 0.5, seed: 'run' }, [1], attempt, `${n}`)[0]! * 98 + 51);
        const rows = Array.from({ length: 10 }, (_, b) => Array.from({ length: 36 }, (_, t) => random(100 * b + t)));
        const slots = delta.method.prompt.kind === 'none' ? 0 : delta.method.prompt.length;
        const inputs = packedBatch(rows, rows.map((row) => row.map(() => 1)), slots);
        const start = perturbed(delta.variables, 0.3, attempt);
        const found = gradients((variables) => probeLoss(hiddenWith(delta, model.weights, inputs, variables)), start);
        for (const [name, gradient] of Object.entries(found)) {
          const seen = reached.get(name) ?? new Uint8Array((delta.variables[name] as Tensor).size);
          (gradient?.dataSync() ?? []).forEach((value, i) => { if (Math.abs(value) > 1e-4) seen[i] = 1; });
          reached.set(name, seen);
        }
      });
    }
    const elements = [...reached.values()].reduce((sum, seen) => sum + seen.reduce((a, b) => a + b, 0), 0);
    // the second token type and positions past the longest sequence exist in this model, but no sequence here has them
    const absent = text === 'full' ? (2 - 1) * 32 + (40 - 36) * 32 : 0;
    const words = text === 'full' ? (reached.get('embedding.word') ?? new Uint8Array(0)).reduce((a, b) => a + 1 - b, 0) : 0;
    expect(elements + absent + words).toBe(count(delta.method, model.shape).used);
    delta.dispose();
  });
});
