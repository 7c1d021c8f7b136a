import { describe, expect, it } from 'vitest';
import { upload } from '../../engine/memory';
import { tf } from '../../engine/tf';
import { exactPrincipalFactors } from './principal';

const [size, r] = [16, 5];
/** Singular values with few bits; the fifth and the sixth are 1/256 apart. */
const singular = Array.from({ length: size }, (_, i) =>
  i < 4 ? 1000 - 100 * i : i === 4 ? 1 : i === 5 ? 255 / 256 : 0.125,
);

/** Sylvester's matrix of signs: its columns are orthogonal, of length sqrt(16). */
const sign = (i: number, k: number): number =>
  [...(i & k).toString(2)].filter((bit) => bit === '1').length % 2 ? -1 : 1;

/** The matrix of the first `count` singular values, `[16, 16]`: every element is exact in float32. */
const product = (count: number): Float32Array =>
  Float32Array.from({ length: size * size }, (_, at) =>
    singular
      .slice(0, count)
      .reduce((sum, value, k) => sum + (value * sign(Math.floor(at / size), k) * sign((at % size) ^ 3, k)) / size, 0),
  );

describe('the best approximation of rank r', () => {
  it('is exact in double precision where the next singular value is close, and leaves no tensor behind', () => {
    const weight = upload(product(size), [size, size]);
    const held = tf.memory().numTensors;
    const { down, up } = exactPrincipalFactors(weight, r);
    expect(tf.memory().numTensors).toBe(held);
    const made = tf.tidy(() => tf.matMul(tf.tensor2d(down, [size, r]), tf.tensor2d(up, [r, size])).dataSync());
    const wanted = product(r);
    const gap = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (made[i] as number))), 0);
    expect(gap).toBeLessThan(5e-5); // rounding of the factors; 3e-4 where float32 decomposes
    weight.dispose();
  });
});
