import { describe, expect, it } from 'vitest';
import { compile } from './compile';
import { matmul } from './layers';
import { live, upload } from './memory';
import { sumOf, tf } from './tf';

describe('compile', () => {
  it('replays a step with gradients and agrees with the eager path', () => {
    const before = live().programs;
    const w = upload(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2]);
    const step = (p: { a: tf.Tensor }, x: tf.Tensor) => {
      const { value, grads } = tf.valueAndGrads(
        (a: tf.Tensor) =>
          tf.sum(
            tf.square(tf.relu(tf.matMul(tf.matMul(x as tf.Tensor2D, a as tf.Tensor2D), w as tf.Tensor2D))),
          ) as tf.Scalar,
      )([p.a]);
      return { loss: value, a: tf.sub(p.a, tf.mul(grads[0]!, 0.001)) };
    };
    const fast = compile(step),
      slow = compile(step, 'eager');
    let a1 = upload(new Float32Array([1, 0.5, -1, 0.2, 0.1, -0.3]), [2, 3]),
      a2 = a1.clone();
    for (let i = 0; i < 5; i++) {
      const x = upload(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8].map((v) => v / 10 + i)), [4, 2]);
      const one = fast({ a: a1 }, x),
        two = slow({ a: a2 }, x);
      expect(one.loss.dataSync()[0]).toBeCloseTo(two.loss.dataSync()[0]!, 4);
      expect(Array.from(one.a.dataSync())).toEqual(Array.from(two.a.dataSync()).map((v) => expect.closeTo(v, 5)));
      a1 = one.a;
      a2 = two.a;
    }
    expect(fast.times()).toHaveLength(1);
    fast.dispose();
    expect(live().programs).toBe(before);
  });

  it('adds in the order of the code, whichever memory is free first', () => {
    const [x, y, z] = [1e8, -1e8, 0].map((v) => upload(new Float32Array(4).fill(v), [4])) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const known = (t: tf.Tensor): tf.Tensor => tf.reshape(t, [2, 2]); // TensorFlow joins only sums of known shapes
    const steps = [
      (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => tf.add(tf.add(known(a), known(b)), tf.exp(known(c))),
      (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) =>
        tf.add(tf.add(tf.add(known(a), known(b)), tf.exp(known(c))), tf.cos(known(c))),
      (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => sumOf([a, b, tf.exp(c)]),
    ];
    for (const step of steps)
      expect([...compile(step)(x, y, z).dataSync()]).toEqual([...compile(step, 'eager')(x, y, z).dataSync()]);
    expect(() => compile((a: tf.Tensor) => tf.addN([a, a, a]))(x)).toThrow('AddN');
  });

  it('computes what frozen tensors decide once, shares it between programs and gives it back', () => {
    const w = upload(
      Float32Array.from({ length: 12 }, (_, i) => i / 7),
      [3, 4],
    );
    const before = live();
    const step = (x: tf.Tensor): tf.Tensor => tf.matMul(x as tf.Tensor2D, tf.add(tf.mul(w, 2), 1) as tf.Tensor2D);
    const [one, two] = [compile(step), compile((x: tf.Tensor) => tf.neg(step(x)))];
    const x = upload(
      Float32Array.from({ length: 6 }, (_, i) => i - 2),
      [2, 3],
    );
    const [a, b] = [one(x), two(x)];
    const expected = tf.tidy(() => step(x));
    expect([...a.dataSync()]).toEqual([...expected.dataSync()]);
    expect([...b.dataSync()]).toEqual([...expected.dataSync()].map((v) => -v));
    tf.dispose([a, b, expected, x]);
    expect(live().tensors).toBe(before.tensors + 1); // 2 w + 1, once
    one.dispose();
    expect(live().tensors).toBe(before.tensors + 1);
    two.dispose();
    expect(live()).toEqual({ tensors: before.tensors, programs: before.programs });
    w.dispose();
  });

  it('rounds products with frozen matrices to bfloat16 and leaves small trained ones alone', () => {
    const values = Float32Array.from({ length: 48 * 48 }, (_, i) => Math.sin(i * 0.37));
    const w = upload(values, [48, 48]);
    const [x, trained] = [
      upload(
        values.map((v) => v / 3),
        [48, 48],
      ),
      upload(
        values.map((v) => v / 5),
        [48, 48],
      ),
    ];
    const frozenStep = (t: tf.Tensor): tf.Tensor => matmul(t, w);
    const trainedStep = (t: tf.Tensor, v: tf.Tensor): tf.Tensor => matmul(t, v);
    const gap = (p: tf.Tensor, q: tf.Tensor): number => tf.max(tf.abs(tf.sub(p, q))).dataSync()[0] as number;
    const rounded = gap(compile(frozenStep, 'compiled', 'bfloat16')(x), frozenStep(x));
    expect(rounded).toBeGreaterThan(1e-5);
    expect(rounded).toBeLessThan(0.05);
    expect(gap(compile(trainedStep, 'compiled', 'bfloat16')(x, trained), trainedStep(x, trained))).toBeLessThan(1e-5);
  });

  it.each([
    [64, 64, 64, true],
    [64, 64, 63, false],
    [64, 63, 64, false],
    [63, 64, 64, false],
  ])('rounds a product [%i, %i] x [_, %i] with a trained matrix: %s', (m, k, n, rounds) => {
    const filled = (rows: number, columns: number): tf.Tensor =>
      upload(
        Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 0.37)),
        [rows, columns],
      );
    const [x, y] = [filled(m, k), filled(k, n)];
    const step = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => matmul(a, b);
    const gap = tf.max(tf.abs(tf.sub(compile(step, 'compiled', 'bfloat16')(x, y), step(x, y)))).dataSync()[0] as number;
    expect(gap > 1e-3).toBe(rounds);
  });
});
