import { rawOp } from './backend';
import { tf, type Tensor } from './tf';

/*
 * The hot layers, each with the gradient written out. In a compiled step a gradient that nothing reads (a frozen weight's)
 * is never computed: TensorFlow prunes it. Token-wise tensors are packed: [N, width].
 */

type Rule = (dy: Tensor, saved: Tensor[]) => Tensor[];

/** `tf.customGrad` with the types that the layers need. */
function withGradient(inputs: readonly Tensor[], forward: (save: (tensors: Tensor[]) => void, ...inputs: Tensor[]) => { value: Tensor; gradFunc: Rule }): Tensor {
  const custom = tf.customGrad(((...args: unknown[]) => {
    const save = args.pop() as (tensors: Tensor[]) => void;
    return forward(save, ...(args as Tensor[]));
  }) as unknown as Parameters<typeof tf.customGrad>[0]);
  return custom(...(inputs as Tensor[]));
}

/** a b with optional transposes, rank 2. */
export function matmul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return withGradient([a, b], (_save, p, q) => ({
    value: rawMatmul(p as Tensor, q as Tensor, transposeA, transposeB),
    gradFunc: (dy) => [
      transposeA ? rawMatmul(b, dy, transposeB, true) : rawMatmul(dy, b, false, !transposeB),
      transposeB ? rawMatmul(dy, a, true, transposeA) : rawMatmul(a, dy, !transposeA, false),
    ],
  }));
}

function rawMatmul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return rawOp('MatMul', { transpose_a: transposeA, transpose_b: transposeB, T: 'float32' }, [a, b]);
}

/**
 * y = x W + b. MatMul and BiasAdd stand together so that TensorFlow fuses them.
 * @param x `[N, in]` @param weight `[in, out]` @param bias `[out]` @returns `[N, out]`
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (bias === undefined) return matmul(x, weight);
  return withGradient([x, weight, bias], () => ({
    value: rawOp('BiasAdd', { T: 'float32' }, [rawMatmul(x, weight, false, false), bias]),
    gradFunc: (dy) => [rawMatmul(dy, weight, false, true), rawMatmul(x, dy, true, false), rawOp('BiasAddGrad', { T: 'float32' }, [dy])],
  }));
}

/** (x - mean) / sqrt(var + epsilon) * gain + bias over the last axis. @param x `[N, d]` */
export function layerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
  return withGradient([x, gain, bias], (save) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [N, 1]
    const normal = tf.mul(centred, inverse);
    save([normal, inverse]);
    return { value: tf.add(tf.mul(normal, gain), bias), gradFunc: (dy, saved) => normGradient(dy, saved as [Tensor, Tensor], gain, true) };
  });
}

/** x / sqrt(mean(x^2) + epsilon) * gain over the last axis. @param x `[N, d]` */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  return withGradient([x, gain], (save) => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
    const normal = tf.mul(x, inverse);
    save([normal, inverse]);
    return { value: tf.mul(normal, gain), gradFunc: (dy, saved) => normGradient(dy, saved as [Tensor, Tensor], gain, false) };
  });
}

/** With u = dy * gain: dx = (u - mean(u) - n mean(u n)) / sigma; RMS norm centres nothing, so mean(u) falls away. */
function normGradient(dy: Tensor, [normal, inverse]: [Tensor, Tensor], gain: Tensor, centred: boolean): Tensor[] {
  const u = tf.mul(dy, gain);
  const along = tf.mul(normal, tf.mean(tf.mul(u, normal), -1, true));
  const across = centred ? tf.sub(tf.sub(u, tf.mean(u, -1, true)), along) : tf.sub(u, along);
  const dx = tf.mul(across, inverse);
  const dGain = tf.sum(tf.mul(dy, normal), 0);
  return centred ? [dx, dGain, tf.sum(dy, 0)] : [dx, dGain];
}

/** x Phi(x), the exact form. */
export function gelu(x: Tensor): Tensor {
  return withGradient([x], (save) => {
    const a = tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1); // 2 Phi(x)
    save([a]);
    return {
      value: tf.mul(tf.mul(x, 0.5), a),
      gradFunc: (dy, [twoPhi]) => {
        // phi(x) = exp(-x^2 / 2 - log sqrt(2 pi)): the constant goes into the exponent, one pass less
        const density = tf.exp(tf.sub(-0.5 * Math.log(2 * Math.PI), tf.mul(tf.square(x), 0.5)));
        return [tf.mul(dy, tf.add(tf.mul(twoPhi as Tensor, 0.5), tf.mul(x, density)))];
      },
    };
  });
}

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), GPT-2's form. */
export function geluTanh(x: Tensor): Tensor {
  const c = Math.sqrt(2 / Math.PI);
  return withGradient([x], (save) => {
    const t = tf.tanh(tf.mul(tf.mul(x, c), tf.add(tf.mul(tf.square(x), 0.044715), 1)));
    save([t]);
    return {
      value: tf.mul(tf.mul(x, 0.5), tf.add(t, 1)),
      gradFunc: (dy, saved) => {
        const s = saved[0] as Tensor;
        const inner = tf.add(tf.mul(tf.square(x), 3 * 0.044715 * c), c);
        const slope = tf.mul(tf.mul(x, inner), tf.sub(1, tf.square(s)));
        return [tf.mul(dy, tf.mul(tf.add(tf.add(s, 1), slope), 0.5))];
      },
    };
  });
}

/** max(x, 0); the gradient is one ReluGrad. */
export function relu(x: Tensor): Tensor {
  return withGradient([x], (save) => {
    const y = rawOp('Relu', { T: 'float32' }, [x]);
    save([y]);
    return { value: y, gradFunc: (dy, [saved]) => [rawOp('ReluGrad', { T: 'float32' }, [dy, saved as Tensor])] };
  });
}

/** x sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return withGradient([x], (save) => {
    const gate = tf.sigmoid(x);
    const y = tf.mul(x, gate);
    save([gate, y]);
    return {
      value: y,
      gradFunc: (dy, saved) => {
        const [s, value] = saved as [Tensor, Tensor];
        return [tf.mul(dy, tf.add(s, tf.mul(value, tf.sub(1, s))))];
      },
    };
  });
}

/** tanh(x) with the fused gradient. */
export function tanh(x: Tensor): Tensor {
  return withGradient([x], (save) => {
    const y = tf.tanh(x);
    save([y]);
    return { value: y, gradFunc: (dy, [saved]) => [rawOp('TanhGrad', { T: 'float32' }, [saved as Tensor, dy])] };
  });
}

/** softmax over the last axis; dx = y (dy - sum(dy y)). */
export function softmax(x: Tensor): Tensor {
  return withGradient([x], (save) => {
    const y = rawOp('Softmax', { T: 'float32' }, [x]);
    save([y]);
    return {
      value: y,
      gradFunc: (dy, [saved]) => [tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, saved as Tensor), -1, true)), saved as Tensor)],
    };
  });
}

/** log sum exp over the last axis, kept as one. @param x `[..., n]` @returns `[..., 1]` */
export function logSumExp(x: Tensor): Tensor {
  return withGradient([x], (save) => {
    const top = tf.max(x, -1, true);
    const y = tf.add(tf.log(tf.sum(tf.exp(tf.sub(x, top)), -1, true)), top);
    save([y]);
    return { value: y, gradFunc: (dy, [saved]) => [tf.mul(tf.exp(tf.sub(x, saved as Tensor)), dy)] };
  });
}

/** `on` at each index, `off` elsewhere; a row of `off` for an index outside 0..depth-1. @returns float `[n, depth]` */
export function oneHot(indices: Tensor, depth: number, on = 1, off = 0): Tensor {
  return rawOp('OneHot', { T: 'float32', TI: 'int32', axis: -1 }, [indices, tf.scalar(depth, 'int32'), tf.scalar(on), tf.scalar(off)]);
}

/**
 * Rows of a table. The gradient adds up rows that were read more than once (`UnsortedSegmentSum`).
 * @param table `[V, d]` @param rows int32 `[n]` @returns `[n, d]`
 */
export function gatherRows(table: Tensor, rows: Tensor): Tensor {
  const size = table.shape[0] as number;
  return withGradient([table], (save) => {
    save([rows]);
    const segments = { T: 'float32', Tindices: 'int32', Tnumsegments: 'int32' } as const;
    return {
      value: rawGather(table, rows),
      gradFunc: (dy, [saved]) => [rawOp('UnsortedSegmentSum', segments, [dy, saved as Tensor, tf.scalar(size, 'int32')])],
    };
  });
}

/**
 * Rows of x in another order, where the gradient is a plain gather too: the caller knows which output row each input row
 * went to, and that rows read more than once or never have zero gradient (see `layout.ts`).
 * @param x `[n, k]` @param order int32 `[m]`, row of x for each row of the result @param back int32 `[n]`, row of the result for each row of x
 */
export function reorderRows(x: Tensor, order: Tensor, back: Tensor): Tensor {
  return withGradient([x], (save) => {
    save([back]);
    return { value: rawGather(x, order), gradFunc: (dy, [saved]) => [rawGather(dy, saved as Tensor)] };
  });
}

function rawGather(table: Tensor, rows: Tensor): Tensor {
  return rawOp('GatherV2', { batch_dims: 0, Tparams: 'float32', Tindices: 'int32', Taxis: 'int32' }, [table, rows, tf.scalar(0, 'int32')]);
}
