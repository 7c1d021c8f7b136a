import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf, type Tensor } from '../engine/tf';
import { UserError } from '../errors';
import type { Backbone } from '../model/backbone';
import { createDelta } from './delta';
import { demandHead, demandMovement, driftedWeights, fingerprint, fingerprints, stillTensors, warningsFor } from './guards';
import { tinyModel } from './testing/fixtures';
import { perturbed } from './testing/tiny';
import { parseMethod } from './written';

let model: Backbone;
beforeAll(() => { model = tinyModel('bert'); });
afterAll(() => { model.dispose(); });

describe('guards', () => {
  it.each([
    ['lora:r=2', []],
    ['layernorm+bitfit+houlsby:m=2', [/training layerNorms adds nothing/, /training layerNorms adds nothing/]],
    ['prefix:l=2,positions=shifted', []],
    ['adapterdrop:r=2,first=2,mode=robust', [/first=2 may drop all 2 layers/]],
  ])('%s warns of what has no effect', (written, expected) => {
    const warnings = warningsFor(parseMethod(written), model.shape);
    expect(warnings.length).toBe(expected.length);
    expected.forEach((pattern, i) => { expect(warnings[i]).toMatch(pattern); });
  });

  it('warns of sites that match nothing', () => {
    const lora = parseMethod('lora:r=2');
    const decoder = { ...lora, modifications: [...lora.modifications, ...lora.modifications.map((m) => ({ ...m, stacks: ['decoder'] as const }))] };
    expect(warningsFor(decoder, model.shape)).toEqual(['lora:r=2: attn.query of decoder matches nothing in this model', 'lora:r=2: attn.value of decoder matches nothing in this model']);
  });

  it('warns of a shift that no learned positions follow', () => {
    const llama = tinyModel('llama');
    expect(warningsFor(parseMethod('prompt:l=2,positions=shifted'), llama.shape)).toEqual(['prompt:l=2,positions=shifted: positions=shifted has no effect on rotary positions']);
    expect(warningsFor(parseMethod('prompt:l=2'), llama.shape)).toEqual([]);
    llama.dispose();
  });

  it('names tensors that never moved, but not key biases, which cannot', () => {
    const method = parseMethod('lora:r=2+bitfit');
    const delta = createDelta(method, model.shape, model.weights, 1);
    const start = Object.fromEntries(Object.entries(delta.variables).map(([name, value]) => [name, value.clone()]));
    const moved = perturbed(delta.variables, 0.1, 1);
    const keys = Object.keys(start).filter((name) => name.endsWith('.key.bias'));
    expect(keys.length).toBe(2);
    const halted = { ...moved, ...Object.fromEntries(keys.map((name) => [name, start[name] as Tensor])), 'encoder.0.attn.query.bottleneck.up': start['encoder.0.attn.query.bottleneck.up'] as Tensor };
    expect(stillTensors(method, model.shape, start, halted)).toEqual(['encoder.0.attn.query.bottleneck.up']);
    expect(() => { demandMovement(method, model.shape, start, halted); }).toThrow(/1 trained tensors received no gradient, encoder.0.attn.query.bottleneck.up first/);
    expect(() => { demandMovement(method, model.shape, start, moved); }).not.toThrow();
    delta.dispose();
    tf.dispose([start, moved]);
  });

  it('demands a head where the task has one', () => {
    expect(() => { demandHead({}, 2); }).toThrow(UserError);
    expect(() => { demandHead({}, 0); }).not.toThrow();
  });

  it('sees a base that drifted by one bit', () => {
    const before = fingerprints(model.weights);
    const whole = fingerprint(model.weights);
    expect(driftedWeights(before, model.weights)).toEqual([]);
    const name = 'encoder.1.ffn.up.weight';
    const values = (model.weights[name] as Tensor).dataSync().slice() as Float32Array;
    values[5] = (values[5] as number) * (1 + 2 ** -23);
    const drifted = { ...model.weights, [name]: tf.tensor(values, model.weights[name]?.shape) };
    expect(driftedWeights(before, drifted)).toEqual([name]);
    expect(fingerprint(drifted)).not.toBe(whole);
    drifted[name].dispose();
  });
});
