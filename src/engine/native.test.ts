import { describe, expect, it } from 'vitest';
import { compile } from './compile';
import * as layers from './layers';
import { smoothedCrossEntropy } from './loss';
import { upload } from './memory';
import { kernel, withoutKernels } from './native';
import { dropout, noise } from './random';
import { tf, type Tensor } from './tf';

const wave = (shape: readonly number[], scale: number, phase = 0): Tensor =>
  upload(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => scale * Math.sin(1.3 * i + phase)), shape);
/** 0 and -1e9 in turn. */
const mask = (shape: readonly number[]): Tensor => upload(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 3 === 2 ? -1e9 : 0)), shape);
const heads = (): Tensor[] => [wave([2, 4, 70, 8], 2), wave([2, 4, 70, 8], 2, 1), wave([2, 4, 70, 8], 1, 2)];
const attended = (shape: readonly number[]) => (q: Tensor, k: Tensor, v: Tensor, m: Tensor): Tensor => layers.attend({ queries: q, keys: k, values: v, mask: tf.reshape(m, [...shape]) }, undefined, false);

/** Large enough that threads share them, widths that no vector divides. */
const cases: Readonly<Record<string, readonly [inputs: () => Tensor[], f: (...x: Tensor[]) => Tensor, tolerance?: number]>> = {
  gelu: [() => [wave([301, 173], 6)], (x) => layers.gelu(x!)],
  halfGelu: [() => [wave([301, 173], 6)], (x) => layers.halfGelu(x!)],
  layerNorm: [() => [wave([403, 97], 3), wave([97], 1), wave([97], 2)], (x, g, b) => layers.layerNorm(x!, g!, b!, 1e-12), 1e-5],
  'attend, keys masked': [() => [...heads(), mask([2, 1, 1, 70])], (q, k, v, m) => attended([2, 1, 1, 70])(q!, k!, v!, m!), 1e-5],
  'attend, a bias by head': [() => [...heads(), wave([1, 4, 70, 70], 3)], (q, k, v, m) => attended([1, 4, 70, 70])(q!, k!, v!, m!), 1e-5],
  'attend, one number for all keys': [() => [...heads(), wave([2, 1, 70, 1], 3)], (q, k, v, m) => attended([2, 1, 70, 1])(q!, k!, v!, m!), 1e-5],
  'cross-entropy': [() => [wave([64, 997], 8)], (x) => smoothedCrossEntropy(x!, upload(Int32Array.from({ length: 64 }, (_, i) => (i * 31) % 997), [64]), 0), 1e-5],
  'cross-entropy, smoothed': [() => [wave([64, 997], 8)], (x) => smoothedCrossEntropy(x!, upload(Int32Array.from({ length: 64 }, (_, i) => (i * 31) % 997), [64]), 0.1), 1e-5],
};

describe('kernels', () => {
  it.each(Object.entries(cases))('%s: value and gradients equal those of TensorFlow\'s ops', (_, [inputs, f, tolerance = 2e-6]) => {
    const given = inputs();
    const both = (...x: Tensor[]): Tensor[] => {
      const loss = (...y: Tensor[]): tf.Scalar => { const out = f(...y); return tf.sum(tf.mul(out, tf.reshape(tf.cos(tf.range(0, out.size)), out.shape))); };
      return [f(...x), ...tf.grads(loss)(x)];
    };
    const [fast, slow] = [compile(both)(...given), withoutKernels(() => compile(both)(...given))];
    fast.forEach((tensor, i) => {
      const [x, y] = [Array.from(tensor.dataSync()), Array.from(slow[i]!.dataSync())];
      const largest = y.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      expect(x.reduce((most, v, k) => Math.max(most, Math.abs(v - y[k]!)), 0) / largest).toBeLessThan(tolerance);
    });
    tf.dispose([given, fast, slow]);
  });

  it('give masked keys no share at all', () => {
    const shares = kernel('PetlMaskedSoftmax', [wave([1, 2, 5, 9], 4), mask([1, 1, 1, 9])]).dataSync();
    shares.forEach((share, i) => { expect(share === 0).toBe(i % 9 % 3 === 2); });
  });

  it('hand on what is no number', () => {
    const bad = upload(new Float32Array([1, NaN, 2, Infinity]), [4]);
    expect(Array.from(layers.gelu(bad).dataSync(), Number.isNaN)).toEqual([false, true, false, false]);
    const loss = smoothedCrossEntropy(upload(new Float32Array([1, NaN, 2, 3]), [2, 2]), upload(new Int32Array([0, 5]), [2]), 0).dataSync();
    expect(Array.from(loss, Number.isNaN)).toEqual([true, true]); // a label that is no class has no loss
  });

  it('say what shapes they want', () => {
    expect(() => kernel('PetlGeluGrad', [wave([2, 3], 1), wave([3, 2], 1)]).dataSync()).toThrow(/PetlGeluGrad: dy and x differ in shape/);
    expect(() => kernel('PetlMaskedSoftmax', [wave([1, 2, 5, 9], 4), mask([1, 1, 1, 8])]).dataSync()).toThrow(/a mask that broadcasts/);
  });

  it('drop independently of neighbours, streams and seeds', () => {
    const draw = (seed: number, stream: number): number[] => {
      const source = noise(tf.tensor1d([seed, 5], 'int32'));
      for (let i = 0; i < stream; i++) source.next();
      return Array.from(dropout(tf.ones([400, 500]), 0.25, source).dataSync(), (v) => (v === 0 ? 1 : 0));
    };
    const [one, next, other] = [draw(1, 0), draw(1, 1), draw(2, 0)];
    const n = one.length;
    const together = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0) / n;
    const spread = 5 * Math.sqrt(0.0625 * 0.9375 / n);
    expect(Math.abs(one.reduce((a, b) => a + b, 0) / n - 0.25)).toBeLessThan(5 * Math.sqrt(0.25 * 0.75 / n));
    for (const shift of [1, 2, 16, 500]) expect(Math.abs(together(one, one.slice(shift)) - 0.0625), `shift ${shift}`).toBeLessThan(spread + shift / n);
    for (const b of [next, other]) expect(Math.abs(together(one, b) - 0.0625)).toBeLessThan(spread);
  });
});
