import { describe, expect, it } from 'vitest';
import { tf } from '../../engine/tf';
import { count } from '../counts/count';
import { completeMethod } from '../design/complete';
import { parseMethod, printMethod } from '../design/written';
import { whyInvalid } from '../design/valid';
import { bottleneck } from '../design/methods';
import { knownShapes } from '../../model/shapes';
import { bottleneckForm } from './bottleneck';

const tensors: Readonly<Record<string, tf.Tensor>> = {
  down: tf.tensor2d([1, -1, 2, 0.5], [2, 2]),
  'down.bias': tf.tensor1d([0.25, -0.5]),
  middle: tf.tensor2d([0.5, 1, -2, 0.75], [2, 2]),
  'middle.bias': tf.tensor1d([0.125, 1]),
  middle2: tf.tensor2d([2, 0, 1, -1], [2, 2]),
  'middle2.bias': tf.tensor1d([0, 0.5]),
  up: tf.tensor2d([1, 2, -1, 3], [2, 2]),
  'up.bias': tf.tensor1d([1, 0]),
};

describe('a bottleneck of more than one layer', () => {
  it('is W_up after an activation after each matrix before it', () => {
    const own = (part: string): tf.Tensor => tensors[part] as tf.Tensor;
    const form = bottleneck(2, { activation: 'tanh', depth: 3 });
    const found = bottleneckForm(form, tf.tensor2d([3, -2], [1, 2]), { own, shared: own, noise: undefined, scale: 1 });
    const layer = ([a, b]: readonly number[], w: readonly number[], c: readonly number[]): number[] =>
      [0, 1].map((i) => (a ?? 0) * (w[i] ?? 0) + (b ?? 0) * (w[2 + i] ?? 0) + (c[i] ?? 0));
    const one = layer([3, -2], [1, -1, 2, 0.5], [0.25, -0.5]).map(Math.tanh);
    const two = layer(one, [0.5, 1, -2, 0.75], [0.125, 1]).map(Math.tanh);
    const three = layer(two, [2, 0, 1, -1], [0, 0.5]).map(Math.tanh);
    const expected = layer(three, [1, 2, -1, 3], [1, 0]);
    Array.from(found.dataSync()).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
  });

  it('costs r r + r more for each layer', () => {
    const shape = knownShapes['bert-base-uncased'] ?? fail();
    const of = (depth: string): number =>
      count(parseMethod(`point:site=ffn,reads=h,form=gelu,r=64${depth}`), shape).trained;
    expect(of(',depth=2') - of('')).toBe(12 * (64 * 64 + 64));
  });

  it('is written, and old records have one layer', () => {
    expect(printMethod(parseMethod('point:site=ffn,r=4,depth=2'))).toContain('depth=2');
    const stored = parseMethod('pa-ffn:r=4');
    const [first] = stored.modifications;
    const older = { ...stored, modifications: [{ ...first, form: { ...first?.form, depth: undefined } }] };
    expect(completeMethod(older as typeof stored)).toEqual(stored);
  });

  it.each(['form=identity', 'factors=phm,n=2', 'trains=up'])('is refused with %s', (what) => {
    expect(whyInvalid(parseMethod('pa-ffn:r=4'), knownShapes['bert-base-uncased'] ?? fail())).toBeUndefined();
    expect(() => parseMethod(`point:site=ffn,r=4,depth=2,${what}`)).toThrow(/more than one layer has dense factors/);
  });
});

function fail(): never {
  throw new Error('no such shape');
}
