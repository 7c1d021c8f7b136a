import { describe, expect, it } from 'vitest';
import { compile } from './compile';
import * as layers from './layers';
import { smoothedCrossEntropy } from './loss';
import { upload } from './memory';
import { compiledKernels, kernel, withoutKernels } from './native';
import { dropout, noise } from './random';
import { rotate } from '../model/rotary';
import { tf, type Tensor } from './tf';

const wave = (shape: readonly number[], scale: number, phase = 0): Tensor =>
  upload(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => scale * Math.sin(1.3 * i + phase)),
    shape,
  );
/** Without the waves' regularity, whose sums cancel. */
const scattered = (shape: readonly number[], scale: number, phase: number): Tensor =>
  upload(
    Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => scale * (2 * Math.abs((Math.sin(12.9898 * i + phase) * 43758.5453) % 1) - 1),
    ),
    shape,
  );
/** 0 and -1e9 in turn. */
const mask = (shape: readonly number[]): Tensor =>
  upload(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 3 === 2 ? -1e9 : 0)),
    shape,
  );
/** -1e9 behind two thirds of the keys, or above the diagonal. */
const trailing = (shape: readonly number[]): Tensor => {
  const [, , queries = 1, keys = 1] = shape;
  return upload(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      i % keys > (queries === 1 ? (2 * keys) / 3 : Math.floor(i / keys) % queries) ? -1e9 : 0,
    ),
    shape,
  );
};
const heads = (): Tensor[] => [wave([2, 4, 70, 8], 2), wave([2, 4, 70, 8], 2, 1), wave([2, 4, 70, 8], 1, 2)];
const attended =
  (shape: readonly number[]) =>
  (q: Tensor, k: Tensor, v: Tensor, m: Tensor): Tensor =>
    layers.attend({ queries: q, keys: k, values: v, mask: tf.reshape(m, [...shape]) }, undefined, false);

/** Queries, keys, values by head and a mask; by name the shapes of queries and keys, the mask's, dropout, log mass. */
const narrow: Readonly<
  Record<
    string,
    readonly [queries: readonly number[], keys: readonly number[], mask: readonly number[], rate: number, mass: boolean]
  >
> = {
  'keys masked': [[3, 4, 70, 32], [3, 4, 70, 32], [3, 1, 1, 70], 0, false],
  'causal, log mass': [[2, 2, 33, 64], [2, 2, 33, 64], [1, 1, 33, 33], 0, true],
  'shared keys': [[2, 4, 9, 32], [2, 2, 41, 32], [2, 1, 1, 41], 0, false],
  dropout: [[2, 4, 24, 32], [2, 4, 37, 32], [2, 1, 1, 37], 0.3, false],
  'dropout, log mass, one number for all keys': [[2, 4, 17, 32], [2, 4, 5, 32], [2, 1, 17, 1], 0.3, true],
};

/** The value of f, and the gradients of a sum of it that weighs each number otherwise. */
const withGradients =
  (f: (...x: Tensor[]) => Tensor) =>
  (...x: Tensor[]): Tensor[] => {
    const loss = (...y: Tensor[]): tf.Scalar => {
      const out = f(...y);
      return tf.sum(tf.mul(out, tf.reshape(tf.cos(tf.range(0, out.size)), out.shape)));
    };
    return [f(...x), ...tf.grads(loss)(x)];
  };

/** Large enough that threads share them, widths that no vector divides. */
const cases: Readonly<
  Record<string, readonly [inputs: () => Tensor[], f: (...x: Tensor[]) => Tensor, tolerance?: number]>
> = {
  gelu: [() => [wave([301, 173], 6)], (x) => layers.gelu(x!)],
  halfGelu: [() => [wave([301, 173], 6)], (x) => layers.halfGelu(x!)],
  layerNorm: [
    () => [wave([403, 97], 3), wave([97], 1), wave([97], 2)],
    (x, g, b) => layers.layerNorm(x!, g!, b!, 1e-12),
    1e-5,
  ],
  rmsNorm: [() => [wave([403, 97], 3), wave([97], 1)], (x, g) => layers.rmsNorm(x!, g!, 1e-6), 1e-5],
  gatedSilu: [() => [wave([301, 173], 6), wave([301, 173], 2, 1)], (x, up) => layers.gatedSilu(x!, up!)],
  rotate: [
    () => [wave([403, 3 * 26], 2)],
    (x) =>
      rotate(x!, 26, {
        cos: wave([403, 1, 26], 1),
        sin: wave([403, 1, 26], 1, 1),
        back: wave([403, 1, 26], 1, 2),
        pairs: 'half',
      }),
  ],
  'attend, keys masked': [
    () => [...heads(), mask([2, 1, 1, 70])],
    (q, k, v, m) => attended([2, 1, 1, 70])(q!, k!, v!, m!),
    1e-5,
  ],
  'attend, a bias by head': [
    () => [...heads(), wave([1, 4, 70, 70], 3)],
    (q, k, v, m) => attended([1, 4, 70, 70])(q!, k!, v!, m!),
    1e-5,
  ],
  'attend, one number for all keys': [
    () => [...heads(), wave([2, 1, 70, 1], 3)],
    (q, k, v, m) => attended([2, 1, 70, 1])(q!, k!, v!, m!),
    1e-5,
  ],
  'cross-entropy': [
    () => [wave([64, 997], 8)],
    (x) =>
      smoothedCrossEntropy(
        x!,
        upload(
          Int32Array.from({ length: 64 }, (_, i) => (i * 31) % 997),
          [64],
        ),
        0,
      ),
    1e-5,
  ],
  'cross-entropy, smoothed': [
    () => [wave([64, 997], 8)],
    (x) =>
      smoothedCrossEntropy(
        x!,
        upload(
          Int32Array.from({ length: 64 }, (_, i) => (i * 31) % 997),
          [64],
        ),
        0.1,
      ),
    1e-5,
  ],
};

describe('kernels', () => {
  it.each(Object.entries(cases))(
    "%s: value and gradients equal those of TensorFlow's ops",
    (_, [inputs, f, tolerance = 2e-6]) => {
      const given = inputs();
      const both = withGradients(f);
      const [fast, slow] = [compile(both)(...given), withoutKernels(() => compile(both)(...given))];
      fast.forEach((tensor, i) => {
        const [x, y] = [Array.from(tensor.dataSync()), Array.from(slow[i]!.dataSync())];
        const largest = y.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
        expect(x.reduce((most, v, k) => Math.max(most, Math.abs(v - y[k]!)), 0) / largest).toBeLessThan(tolerance);
      });
      tf.dispose([given, fast, slow]);
    },
  );

  it.each(Object.entries(narrow))(
    'in bfloat16, %s: one op gives what float32 gives to rounding',
    (_, [queries, keys, masked, rate, mass]) => {
      expect(compiledKernels()).toBe(2);
      const given = [
        scattered(queries, 1, 0),
        scattered(keys, 1, 1),
        scattered(keys, 1, 2),
        masked[3] === 1 ? wave(masked, 1) : trailing(masked),
      ];
      const f = (q: Tensor, k: Tensor, v: Tensor, m: Tensor): Tensor =>
        layers.attend(
          { queries: q, keys: k, values: v, mask: m },
          rate === 0 ? undefined : { rate, noise: noise(tf.tensor1d([3, 4], 'int32')) },
          mass,
        );
      const [m] = given.slice(3) as [Tensor];
      const both = withGradients((q, k, v) => f(q!, k!, v!, m));
      const [rounded, exact] = [
        compile(both, 'compiled', 'bfloat16')(...given.slice(0, 3)),
        compile(both)(...given.slice(0, 3)),
      ];
      rounded.forEach((tensor, i) => {
        const [x, y] = [Array.from(tensor.dataSync()), Array.from(exact[i]!.dataSync())];
        const largest = y.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        const furthest = x.reduce((most, v, k) => Math.max(most, Math.abs(v - y[k]!)), 0) / largest;
        expect(furthest, `tensor ${i}`).toBeLessThan(0.01);
        expect(furthest, `tensor ${i}`).toBeGreaterThan(1e-5); // it is another op
      });
      tf.dispose([given, rounded, exact]);
    },
  );

  it('in bfloat16, a product, its bias and GELU: one pass gives what four give to rounding', () => {
    const given = [wave([65, 288], 1), wave([512], 0.5)];
    const [up, down] = [wave([288, 512], 0.1, 2), wave([512, 288], 0.1, 3)];
    const f = (x: Tensor, b: Tensor): Tensor =>
      layers.linear(layers.gelu(layers.linear(x, up, b)), down, wave([288], 1));
    const both = withGradients((x, b) => f(x!, b!));
    const run = (): number[][] => compile(both, 'compiled', 'bfloat16')(...given).map((t) => Array.from(t.dataSync()));
    const [fast, slow, exact] = [
      run(),
      withoutKernels(run),
      compile(both)(...given).map((t) => Array.from(t.dataSync())),
    ];
    const furthest = (x: readonly number[], y: readonly number[]): number =>
      x.reduce((most, v, i) => Math.max(most, Math.abs(v - y[i]!)), 0) /
      y.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    fast.forEach((x, i) => {
      const rounding = furthest(slow[i]!, exact[i]!);
      expect(rounding, `tensor ${i}`).toBeGreaterThan(1e-4);
      expect(furthest(x, slow[i]!), `tensor ${i}`).toBeLessThan(rounding / 2);
      expect(furthest(x, exact[i]!), `tensor ${i}`).toBeLessThan(1.2 * rounding);
    });
  });

  it('in bfloat16, a block of norm, gated FFN and sum: few passes give what many give to rounding', () => {
    const given = [wave([65, 288], 1), wave([288], 0.5, 1)];
    const [gate, up, down] = [wave([288, 512], 0.1, 2), wave([288, 512], 0.1, 3), wave([512, 288], 0.1, 4)];
    const f = (x: Tensor, g: Tensor): Tensor => {
      const n = layers.rmsNorm(x, g, 1e-5);
      return tf.add(x, layers.matmul(layers.gatedSilu(layers.matmul(n, gate), layers.matmul(n, up)), down));
    };
    const both = withGradients((x, g) => f(x!, g!));
    const run = (precision: 'float32' | 'bfloat16'): number[][] =>
      compile(both, 'compiled', precision)(...given).map((t) => Array.from(t.dataSync()));
    const [fast, slow, exact] = [run('bfloat16'), withoutKernels(() => run('bfloat16')), run('float32')];
    const furthest = (x: readonly number[], y: readonly number[]): number =>
      x.reduce((most, v, i) => Math.max(most, Math.abs(v - y[i]!)), 0) /
      y.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    fast.forEach((x, i) => {
      const rounding = furthest(slow[i]!, exact[i]!);
      expect(rounding, `tensor ${i}`).toBeGreaterThan(1e-4);
      expect(furthest(x, exact[i]!), `tensor ${i}`).toBeLessThan(1.3 * rounding);
      expect(x, `tensor ${i}`).not.toEqual(slow[i]); // they are other ops
    });
  });

  it('in bfloat16 leave single queries and learnt biases to the others', () => {
    const run = (queries: readonly number[], masked: readonly number[]): boolean => {
      const given = [wave(queries, 1), wave([2, 4, 9, 32], 1, 1), wave([2, 4, 9, 32], 1, 2), wave(masked, 1)];
      const f = (q: Tensor, k: Tensor, v: Tensor, m: Tensor): Tensor =>
        layers.attend({ queries: q, keys: k, values: v, mask: m }, undefined, false);
      const [x, y] = (['bfloat16', 'float32'] as const).map((precision) =>
        Array.from(compile(f, 'compiled', precision)(...(given as [Tensor, Tensor, Tensor, Tensor])).dataSync()),
      );
      return x!.every((v, i) => v === y![i]);
    };
    expect([
      run([2, 4, 1, 32], [2, 1, 1, 9]),
      run([2, 4, 9, 32], [1, 4, 9, 9]),
      run([2, 4, 9, 32], [2, 1, 1, 9]),
    ]).toEqual([true, true, false]);
  });

  it('in bfloat16 leave out what no query of a few sees, to the bit', () => {
    const [queries, keys, width] = [43, 75, 32];
    /** Causal but for a query that sees nothing, one that sees a late key alone, and early queries that see far. */
    const added = (query: number, key: number, far: number): number =>
      query === 29 ? -1e9 : (query === 20 ? key === 66 : query < 3 || key <= query) ? 0.1 * (key % 3) : far;
    const masks = [-1e9, -9e7].map((far) =>
      Float32Array.from({ length: queries * keys }, (_, i) => added(Math.floor(i / keys), i % keys, far)),
    );
    const given = [queries, keys, keys].map((rows, i) => scattered([2, 2, rows, width], 1, i));
    for (const rate of [0, 0.3]) {
      const [skipped, whole] = masks.map((values) => {
        const m = upload(values, [1, 1, queries, keys]);
        const drop = rate === 0 ? undefined : { rate, noise: noise(tf.tensor1d([3, 4], 'int32')) };
        const both = withGradients((q, k, v) =>
          layers.attend({ queries: q!, keys: k!, values: v!, mask: m }, drop, false),
        );
        return compile(both, 'compiled', 'bfloat16')(...given).map((tensor) => Array.from(tensor.dataSync()));
      });
      expect(skipped).toEqual(whole);
      expect(skipped?.flat().every(Number.isFinite)).toBe(true);
    }
  });

  it.each([false, true])('drop in a shard what they drop in the whole: in one op %s', (fused) => {
    const [sizes, own] = [[6, 2, 12, 32] as const, [1, 2, 5]];
    const given = [0, 1, 2].map((i) => scattered(sizes, 1, i));
    const of = (x: Tensor): Tensor => tf.gather(x, tf.tensor1d(own, 'int32'));
    const places = { rows: [], sequences: tf.tensor1d([6, ...own], 'int32') };
    const run = (inputs: readonly Tensor[], where?: typeof places): Tensor[] => {
      const f = withGradients((q, k, v) =>
        layers.attend(
          { queries: q!, keys: k!, values: v!, mask: tf.zeros([1, 1, 1, 12]) },
          { rate: 0.3, noise: noise(tf.tensor1d([3, 4], 'int32'), where) },
          false,
        ),
      );
      return compile((...x: Tensor[]) => f(...x).slice(0, 1), 'compiled', fused ? 'bfloat16' : 'float32')(...inputs);
    };
    const whole = run(given).map((x) => Array.from(of(x).dataSync()));
    const part = run(given.map(of), places).map((x) => Array.from(x.dataSync()));
    expect(part).toEqual(whole);
    expect(run(given.map(of)).map((x) => Array.from(x.dataSync()))).not.toEqual(whole);
  });

  it('refuse a seed that has too few places', () => {
    const seed = tf.tensor1d([1, 2, 9, 0, 1], 'int32');
    expect(() => kernel('PetlDropout', [wave([3, 8], 1), seed], { first: 0.5 }).dataSync()).toThrow(
      /PetlDropout: a seed of two numbers, or of three and a place for each row/,
    );
    const few = { rows: [], sequences: tf.tensor1d([9, 0, 1, 2], 'int32') };
    expect(() => dropout(wave([7, 8], 1), 0.5, noise(tf.tensor1d([1, 2], 'int32'), few))).toThrow(
      /a shard has no 7 rows to draw for/,
    );
  });

  it('give masked keys no share at all', () => {
    const shares = kernel('PetlMaskedSoftmax', [wave([1, 2, 5, 9], 4), mask([1, 1, 1, 9])]).dataSync();
    shares.forEach((share, i) => {
      expect(share === 0).toBe((i % 9) % 3 === 2);
    });
  });

  it('hand on what is no number', () => {
    const bad = upload(new Float32Array([1, NaN, 2, Infinity]), [4]);
    expect(Array.from(layers.gelu(bad).dataSync(), Number.isNaN)).toEqual([false, true, false, false]);
    const loss = smoothedCrossEntropy(
      upload(new Float32Array([1, NaN, 2, 3]), [2, 2]),
      upload(new Int32Array([0, 5]), [2]),
      0,
    ).dataSync();
    expect(Array.from(loss, Number.isNaN)).toEqual([true, true]); // a label that is no class has no loss
  });

  it('say what shapes they want', () => {
    expect(() => kernel('PetlGeluGrad', [wave([2, 3], 1), wave([3, 2], 1)]).dataSync()).toThrow(
      /PetlGeluGrad: dy and x differ in shape/,
    );
    expect(() =>
      compile((x: Tensor) => kernel('PetlAttention', [x, x, x, tf.zeros([1, 1, 1, 8]), tf.zeros([2], 'int32')]))(
        wave([1, 2, 9, 32], 1),
      ).dataSync(),
    ).toThrow(/PetlAttention: a mask that broadcasts/);
    expect(() => kernel('PetlMaskedSoftmax', [wave([1, 2, 5, 9], 4), mask([1, 1, 1, 8])]).dataSync()).toThrow(
      /a mask that broadcasts/,
    );
  });

  it('drop independently of neighbours, streams and seeds', () => {
    const draw = (seed: number, stream: number): number[] => {
      const source = noise(tf.tensor1d([seed, 5], 'int32'));
      for (let i = 0; i < stream; i++) source.next();
      return Array.from(dropout(tf.ones([400, 500]), 0.25, source).dataSync(), (v) => (v === 0 ? 1 : 0));
    };
    const [one, next, other] = [draw(1, 0), draw(1, 1), draw(2, 0)];
    const n = one.length;
    const together = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0) / n;
    const spread = 5 * Math.sqrt((0.0625 * 0.9375) / n);
    expect(Math.abs(one.reduce((a, b) => a + b, 0) / n - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / n));
    for (const shift of [1, 2, 16, 500])
      expect(Math.abs(together(one, one.slice(shift)) - 0.0625), `shift ${shift}`).toBeLessThan(spread + shift / n);
    for (const b of [next, other]) expect(Math.abs(together(one, b) - 0.0625)).toBeLessThan(spread);
  });
});
