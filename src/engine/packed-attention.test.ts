import { describe, expect, it } from 'vitest';
import { compile } from './compile';
import { attend, attendPacked } from './layers';
import { upload } from './memory';
import { compiledKernels } from './native';
import { noise, type Noise, type Places } from './random';
import { tf, type Tensor } from './tf';

const [heads, width, rows] = [3, 32, 70];
const lengths = [9, 17, 33, 5]; // 64 rows, 6 of no sequence
const last = (): Tensor =>
  upload(
    Int32Array.from(lengths, (_, b) => lengths.slice(0, b + 1).reduce((a, n) => a + n, 0) - 1),
    [lengths.length],
  );
const scattered = (shape: readonly number[], phase: number): Tensor =>
  upload(
    Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => 2 * Math.abs((Math.sin(12.9898 * i + phase) * 43758.5453) % 1) - 1,
    ),
    shape,
  );

/** y and the gradient of sum(dy y). */
const withGradient =
  (f: (all: Tensor) => Tensor) =>
  (all: Tensor, dy: Tensor): Tensor[] => [f(all), tf.grad((x) => tf.sum(tf.mul(f(x), dy)))(all)];
const runNarrow = (f: (all: Tensor) => Tensor, all: Tensor, dy: Tensor): number[][] =>
  compile(withGradient(f), 'compiled', 'bfloat16')(all, dy).map((x) => Array.from(x.dataSync()));

/** Sequence by sequence, in float32, zeros behind them. */
function oneByOne(all: Tensor, mass: boolean): Tensor {
  let from = 0;
  const parts = lengths.map((n) => {
    const [queries, keys, values] = tf
      .unstack(tf.slice(all, [(from += n) - n, 0, 0, 0], [n, -1, -1, -1]), 1)
      .map((x) => tf.expandDims(tf.transpose(x, [1, 0, 2]), 0)) as [Tensor, Tensor, Tensor];
    return tf.transpose(
      tf.squeeze(attend({ queries, keys, values, mask: tf.zeros([1, 1, 1, n]) }, undefined, mass), [0]),
      [1, 0, 2],
    );
  });
  return tf.concat([...parts, tf.zeros([rows - from, heads, width + (mass ? 1 : 0)])], 0);
}

describe('attention over packed rows', () => {
  it.each([false, true])('gives every sequence what it gets alone, to rounding; log mass %s', (mass) => {
    expect(compiledKernels()).toBe(2);
    const [all, dy, ends] = [
      scattered([rows, 3, heads, width], 0),
      scattered([rows, heads, width + (mass ? 1 : 0)], 1),
      last(),
    ];
    const packed = runNarrow((x) => attendPacked({ all: x, last: ends }, undefined, mass), all, dy);
    const exact = compile(withGradient((x) => oneByOne(x, mass)))(all, dy).map((x) => Array.from(x.dataSync()));
    packed.forEach((x, i) => {
      const largest = Math.max(...exact[i]!.map(Math.abs));
      const furthest = x.reduce((most, v, k) => Math.max(most, Math.abs(v - exact[i]![k]!)), 0) / largest;
      expect(furthest, `tensor ${i}`).toBeLessThan(0.01);
      expect(furthest, `tensor ${i}`).toBeGreaterThan(1e-5); // it is another op
    });
    expect(packed[0]!.slice(64 * heads * (width + (mass ? 1 : 0))).every((v) => v === 0)).toBe(true);
    expect(packed[1]!.slice(64 * 3 * heads * width).every((v) => v === 0)).toBe(true);
  });

  it('drops the same shares in the gradient, others with another seed', () => {
    const [all, dy, ends] = [scattered([rows, 3, heads, width], 2), scattered([rows, heads, width], 3), last()];
    const run = (seed: number, rate = 0.4): number[][] =>
      runNarrow(
        (x) =>
          attendPacked(
            { all: x, last: ends },
            rate === 0 ? undefined : { rate, noise: noise(tf.tensor1d([seed, 2], 'int32')) },
            false,
          ),
        all,
        dy,
      );
    const [y, gradient] = run(1) as [number[], number[]];
    // y is linear in the values: sum(dy y) = sum(dv v) where both see the same shares
    const [given, inputs] = [dy.dataSync(), all.dataSync()];
    const ofValues = (i: number): boolean => Math.floor(i / (heads * width)) % 3 === 2;
    const forward = y.reduce((sum, v, i) => sum + v * given[i]!, 0);
    const backward = gradient.reduce((sum, v, i) => sum + (ofValues(i) ? v * inputs[i]! : 0), 0);
    const scale = Math.sqrt(y.reduce((sum, v, i) => sum + (v * given[i]!) ** 2, 0));
    expect(Math.abs(forward - backward)).toBeLessThan(0.02 * scale);
    const apart = (a: readonly number[], b: readonly number[]): number =>
      Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
    expect(apart(y, run(1)[0]!)).toBe(0);
    expect(apart(y, run(7)[0]!)).toBeGreaterThan(0.1);
    expect(apart(y, run(1, 0)[0]!)).toBeGreaterThan(0.1);
  });

  it('drops in a shard what it drops in the whole', () => {
    const firsts = lengths.map((_, b) => lengths.slice(0, b).reduce((a, n) => a + n, 0));
    const own = [1, 3]; // 17 and 5 rows of the whole's 64, and 2 of no sequence
    const places = own.flatMap((b) => Array.from({ length: lengths[b]! }, (_, t) => firsts[b]! + t));
    const fed = [...places, 0, 0];
    const [all, dy] = [scattered([rows, 3, heads, width], 4), scattered([rows, heads, width], 5)];
    const of = (x: Tensor): Tensor => tf.gather(x, tf.tensor1d(fed, 'int32'));
    const drop = (where?: Places): { readonly rate: number; readonly noise: Noise } => ({
      rate: 0.4,
      noise: noise(tf.tensor1d([5, 2], 'int32'), where),
    });
    const shard = {
      rows: [tf.tensor1d([rows, ...fed], 'int32')],
      sequences: tf.tensor1d([lengths.length, ...own], 'int32'),
    };
    const ends = tf.tensor1d([16, 21], 'int32');
    const whole = runNarrow((x) => attendPacked({ all: x, last: last() }, drop(), false), all, dy);
    const part = runNarrow((x) => attendPacked({ all: x, last: ends }, drop(shard), false), of(all), of(dy));
    whole.forEach((values, i) => {
      const size = values.length / rows;
      const expected = places.flatMap((row) => values.slice(row * size, (row + 1) * size));
      expect(part[i]?.slice(0, places.length * size)).toEqual(expected);
    });
  });

  it('says what it wants', () => {
    const f = (ends: readonly number[]) => (): unknown =>
      compile(
        (x: Tensor) => attendPacked({ all: x, last: tf.tensor1d([...ends], 'int32') }, undefined, false),
        'compiled',
        'bfloat16',
      )(scattered([rows, 3, heads, width], 0)).dataSync();
    expect(f([9, 5])).toThrow(/last rows that grow/);
    expect(f([9, 70])).toThrow(/last rows that grow and are rows/);
  });
});
