import { describe, expect, it } from 'vitest';
import { compile } from '../../engine/compile';
import { upload } from '../../engine/memory';
import { compiledKernels } from '../../engine/native';
import { tf, type Tensor } from '../../engine/tf';
import type { ModelShape } from '../../model/shape';
import { attendPrefix } from './attend';

const scattered = (shape: readonly number[], phase: number): Tensor =>
  upload(
    Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => 2 * Math.abs((Math.sin(12.9898 * i + phase) * 43758.5453) % 1) - 1,
    ),
    shape,
  );

describe('a prefix in bfloat16', () => {
  it.each([4, 2])(
    'asked by one op is what float32 computes, to rounding: change, gate, gradients; %i key-value heads',
    (keyValueHeads) => {
      expect(compiledKernels()).toBe(2);
      const given = [
        scattered([21, 128], 0),
        scattered([5, keyValueHeads * 32], 1),
        scattered([5, keyValueHeads * 32], 2),
      ];
      const logMass = scattered([21, 4], 3);
      const mixed = (query: Tensor, keys: Tensor, values: Tensor): Tensor => {
        const { change, gate } = attendPrefix(
          { keys, values },
          { query, heads: 4, scale: 0.5, softCap: null, logMass: () => logMass },
          { keyValueHeads } as ModelShape,
        );
        return tf.mul(change, gate());
      };
      const both = (...x: Tensor[]): Tensor[] => {
        const f = (...y: Tensor[]): Tensor => mixed(...(y as [Tensor, Tensor, Tensor]));
        return [
          f(...x),
          ...tf.grads((...y: Tensor[]) => {
            const out = f(...y);
            return tf.sum(tf.mul(out, tf.reshape(tf.cos(tf.range(0, out.size)), out.shape)));
          })(x),
        ];
      };
      const [rounded, exact] = (['bfloat16', 'float32'] as const).map((precision) =>
        compile(both, 'compiled', precision)(...given).map((x) => Array.from(x.dataSync())),
      ) as [number[][], number[][]];
      rounded.forEach((x, i) => {
        const y = exact[i] as number[];
        const furthest = Math.max(...x.map((v, k) => Math.abs(v - (y[k] as number)))) / Math.max(...y.map(Math.abs));
        expect(furthest, `tensor ${i}`).toBeLessThan(0.01);
        expect(furthest, `tensor ${i}`).toBeGreaterThan(1e-6); // it is another op
      });
    },
  );
});
