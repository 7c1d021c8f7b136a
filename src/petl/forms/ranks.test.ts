import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf, type Tensor } from '../../engine/tf';
import type { Backbone } from '../../model/backbone';
import { createDelta, type Delta } from '../bank/delta';
import { directionsLeft, masksAt, penaltyOf } from './ranks';
import { packedBatch, tinyModel } from '../testing/fixtures';
import { gradients, hiddenWith, largest } from '../testing/tiny';
import { parseMethod } from '../design/written';

describe('AdaLoRA', () => {
  const method = parseMethod('adalora:r=4,target=2');
  let model: Backbone;
  let delta: Delta;
  beforeAll(() => {
    model = tinyModel('bert');
    delta = createDelta(method, model.shape, model.weights, 1);
  });
  afterAll(() => {
    delta.dispose();
    model.dispose();
  });

  it('keeps all directions, then falls cubically to the target', () => {
    const all = 2 * 5 * 4; // layers, matrices, r
    expect([0, 0.1, 0.7, 1].map((progress) => directionsLeft(method, model.shape, progress))).toEqual([
      all,
      all,
      all / 2,
      all / 2,
    ]);
    expect(directionsLeft(method, model.shape, 0.4)).toBe(Math.round(20 + 20 * 0.5 ** 3));
    expect(directionsLeft(parseMethod('lora:r=4'), model.shape, 1)).toBe(0);
  });

  it('keeps the largest singular values of all places together', () => {
    const names = Object.keys(delta.variables).filter((name) => name.endsWith('.singular'));
    const values = names.map((_, place) => Array.from({ length: 4 }, (__, i) => (place < 5 ? 1 + i : -0.1)));
    const variables = {
      ...delta.variables,
      ...Object.fromEntries(names.map((name, place) => [name, tf.tensor1d(values[place] as number[])])),
    };
    const masks = masksAt(method, model.shape, variables, 1) as Record<string, Tensor>;
    expect(Object.values(masks).map((mask) => Array.from(mask.dataSync()).join(''))).toEqual([
      ...Array.from({ length: 5 }, () => '1111'),
      ...Array.from({ length: 5 }, () => '0000'),
    ]);
    const batch = packedBatch([[5, 6, 7]], [[1, 1, 1]]);
    const run = (constants: Record<string, Tensor>): Tensor =>
      hiddenWith(
        { ...delta, variables, shape: model.shape, method, constants } as unknown as Delta,
        model.weights,
        batch,
        variables,
      );
    expect(tf.tidy(() => largest(tf.sub(run(masks), run(delta.constants as Record<string, Tensor>))))).toBeGreaterThan(
      1e-5,
    );
    expect(masksAt(parseMethod('lora:r=4'), model.shape, variables, 1)).toBeUndefined();
  });

  it('penalises directions that are not orthonormal', () => {
    const penalty = (variables: Record<string, Tensor>): number =>
      tf.tidy(() => (penaltyOf(method, model.shape, variables) as Tensor).dataSync()[0] as number);
    const orthonormal = Object.fromEntries(
      Object.entries(delta.variables).map(([name, value]) => {
        const eye = tf.eye(value.shape[0] as number, value.shape[1] ?? 1);
        return [name, value.rank === 2 ? eye : value];
      }),
    );
    expect(penalty(orthonormal)).toBeCloseTo(0, 6);
    expect(penalty(delta.variables as Record<string, Tensor>)).toBeGreaterThan(1);
    const factors = Object.fromEntries(Object.entries(delta.variables).filter(([name]) => /(up|down)$/.test(name)));
    const found = gradients((variables) => tf.sum(penaltyOf(method, model.shape, variables) as Tensor), factors);
    expect(Object.values(found).every((gradient) => gradient !== null && largest(gradient) > 0)).toBe(true);
    tf.dispose(Object.values(found) as Tensor[]);
    expect(penaltyOf(parseMethod('lora:r=4'), model.shape, {})).toBeUndefined();
  });
});
