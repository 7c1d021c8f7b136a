import { describe, expect, it } from 'vitest';
import { compile } from './compile';
import * as layers from './layers';
import { upload } from './memory';
import { smoothedCrossEntropy } from './loss';
import { hasKernels, withoutKernels } from './native';
import { dropout, noise } from './random';
import { tf, type Tensor } from './tf';

/** Numbers away from 0, where ReLU bends. */
const values = (n: number, phase: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + phase) * 1.5 + 0.05);
const a = [3, 4],
  w = [4, 5],
  g = [4];
/** Four heads of queries on two of keys: [B, heads, T, w]. */
const grid = [
  [2, 4, 3, 2],
  [2, 2, 3, 2],
  [2, 2, 3, 2],
  [2, 1, 1, 3],
];
const asked = ([queries, keys, values, mask]: Tensor[]): layers.Asked => ({
  queries: queries!,
  keys: keys!,
  values: values!,
  mask: mask!,
});
const seeded = () => noise(tf.tensor1d([3, 7], 'int32'));
const labels = () => tf.tensor1d([3, 0, 1], 'int32');

/** Each layer with the shapes of its inputs; all are checked against finite differences. */
const cases: Readonly<Record<string, readonly [shapes: readonly number[][], f: (...x: Tensor[]) => Tensor]>> = {
  matmul: [[a, w], (x, y) => layers.matmul(x!, y!)],
  'matmul, both transposed': [
    [
      [4, 3],
      [5, 4],
    ],
    (x, y) => layers.matmul(x!, y!, true, true),
  ],
  'matmul, first transposed': [[[4, 3], w], (x, y) => layers.matmul(x!, y!, true)],
  'matmul, second transposed': [[a, [5, 4]], (x, y) => layers.matmul(x!, y!, false, true)],
  linear: [[a, w, [5]], (x, y, b) => layers.linear(x!, y!, b)],
  layerNorm: [[a, g, g], (x, y, b) => layers.layerNorm(x!, y!, b!, 1e-5)],
  rmsNorm: [[a, g], (x, y) => layers.rmsNorm(x!, y!, 1e-5)],
  gelu: [[a], (x) => layers.gelu(x!)],
  halfGelu: [[a], (x) => layers.halfGelu(x!)],
  geluTanh: [[a], (x) => layers.geluTanh(x!)],
  relu: [[a], (x) => layers.relu(x!)],
  silu: [[a], (x) => layers.silu(x!)],
  tanh: [[a], (x) => layers.tanh(x!)],
  softmax: [[a], (x) => layers.softmax(x!)],
  logSumExp: [[a], (x) => layers.logSumExp(x!)],
  attend: [grid, (...x) => layers.attend(asked(x), undefined, false)],
  'attend, with dropout': [grid, (...x) => layers.attend(asked(x), { rate: 0.4, noise: seeded() }, false)],
  'attend, with log mass': [grid, (...x) => layers.attend(asked(x), undefined, true)],
  'attend, with dropout and log mass': [grid, (...x) => layers.attend(asked(x), { rate: 0.4, noise: seeded() }, true)],
  dropout: [[a], (x) => dropout(x!, 0.4, seeded())],
  'cross-entropy': [[a], (x) => smoothedCrossEntropy(x!, labels(), 0)],
  'cross-entropy, smoothed': [[a], (x) => smoothedCrossEntropy(x!, labels(), 0.1)],
  gatherRows: [[a], (x) => layers.gatherRows(x!, tf.tensor1d([2, 0, 2], 'int32'))],
  reorderRows: [[a], (x) => layers.reorderRows(x!, tf.tensor1d([2, 0, 1], 'int32'), tf.tensor1d([1, 2, 0], 'int32'))],
};

it('the kernels were compiled at set-up', () => {
  expect(hasKernels()).toBe(true);
  expect(withoutKernels(hasKernels)).toBe(false);
});

describe.each([
  ['kernels', <X>(body: () => X): X => body()],
  ["TensorFlow's ops", withoutKernels],
] as const)('layers on %s', (_, under) => {
  it.each(Object.entries(cases))('%s: gradients equal finite differences, eager and compiled', (__, [shapes, f]) => {
    under(() => {
      const points = shapes.map((shape, i) =>
        values(
          shape.reduce((p, q) => p * q, 1),
          i,
        ),
      );
      const weigh = (y: Tensor): Tensor => tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)));
      const loss = (...x: Tensor[]): Tensor => weigh(f(...x));
      const gradients = (...x: Tensor[]): Tensor[] => tf.grads(loss as (...x: Tensor[]) => tf.Scalar)(x);
      const inputs = points.map((p, i) => upload(p, shapes[i]!));
      const eager = gradients(...inputs).map((t) => t.dataSync());
      const compiled = compile(gradients)(...inputs).map((t) => t.dataSync());
      points.forEach((point, i) =>
        point.forEach((_value, j) => {
          const moved = (step: number): number => {
            const other = points.map((p) => p.slice());
            other[i]![j]! += step;
            return loss(...other.map((p, k) => upload(p, shapes[k]!))).dataSync()[0]!;
          };
          const slope = (moved(5e-3) - moved(-5e-3)) / 1e-2;
          expect(eager[i]![j]).toBeCloseTo(slope, 2);
          expect(compiled[i]![j]).toBeCloseTo(eager[i]![j]!, 5);
        }),
      );
    });
  });

  it('attend adds the log of the mass that its shares divide by', () => {
    under(() => {
      const [queries, keys, content, mask] = grid.map((shape, i) =>
        upload(
          values(
            shape.reduce((p, q) => p * q, 1),
            i,
          ),
          shape,
        ),
      ) as [Tensor, Tensor, Tensor, Tensor];
      const both = layers.attend(
        { queries, keys: tf.concat([keys, keys], 1), values: tf.concat([content, content], 1), mask },
        undefined,
        true,
      );
      const scores = tf.add(tf.matMul(queries, tf.concat([keys, keys], 1), false, true), mask);
      const wanted = tf
        .concat([tf.matMul(tf.softmax(scores), tf.concat([content, content], 1)), tf.logSumExp(scores, -1, true)], 3)
        .dataSync();
      expect(both.dataSync().every((value, i) => Math.abs(value - wanted[i]!) < 1e-6)).toBe(true);
    });
  });

  it('drop the asked share, scale the rest, and repeat with the seed', () => {
    under(() => {
      const x = tf.ones([100, 100]);
      const draw = (first: number): Tensor => dropout(x, 0.3, noise(tf.tensor1d([first, 7], 'int32')));
      const [one, same, other] = [draw(1), draw(1), draw(2)].map((t) => t.dataSync());
      const dropped = one!.filter((v) => v === 0).length / 10_000;
      expect(dropped).toBeGreaterThan(0.28);
      expect(dropped).toBeLessThan(0.32);
      expect(one!.find((v) => v !== 0)).toBeCloseTo(1 / 0.7, 5);
      expect(same).toEqual(one);
      expect(other).not.toEqual(one);
      expect(dropout(x, 0.3, undefined)).toBe(x);
    });
  });
});
