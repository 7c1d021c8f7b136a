import { describe, expect, it } from 'vitest';
import { compile } from './compile';
import { live, upload } from './memory';
import { tf } from './tf';

describe('compile', () => {
  it('replays a step with gradients and agrees with the eager path', () => {
    const w = upload(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2]);
    const step = (p: { a: tf.Tensor }, x: tf.Tensor) => {
      const { value, grads } = tf.valueAndGrads((a: tf.Tensor) => tf.sum(tf.square(tf.relu(tf.matMul(tf.matMul(x as tf.Tensor2D, a as tf.Tensor2D), w as tf.Tensor2D)))) as tf.Scalar)([p.a]);
      return { loss: value, a: tf.sub(p.a, tf.mul(grads[0]!, 0.001)) };
    };
    const fast = compile(step), slow = compile(step, 'eager');
    let a1 = upload(new Float32Array([1, 0.5, -1, 0.2, 0.1, -0.3]), [2, 3]), a2 = a1.clone();
    for (let i = 0; i < 5; i++) {
      const x = upload(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8].map((v) => v / 10 + i)), [4, 2]);
      const one = fast({ a: a1 }, x), two = slow({ a: a2 }, x);
      expect(one.loss.dataSync()[0]).toBeCloseTo(two.loss.dataSync()[0]!, 4);
      expect(Array.from(one.a.dataSync())).toEqual(Array.from(two.a.dataSync()).map((v) => expect.closeTo(v, 5)));
      a1 = one.a; a2 = two.a;
    }
    expect(fast.times()).toHaveLength(1);
    fast.dispose();
    expect(live().programs).toBe(0);
  });
});
