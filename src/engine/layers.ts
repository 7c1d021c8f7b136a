import { rawOp } from './backend';
import { tf, type Tensor } from './tf';

/*
 * The hot layers, each with the gradient written out. In a compiled step a gradient that nothing reads (a frozen weight's)
 * is never computed: TensorFlow prunes it. Token-wise tensors are packed: [N, width].
 */

/** A layer's value, what its gradient needs besides the inputs, and the gradient with respect to each input. */
interface Layer {
  readonly value: Tensor;
  readonly kept?: readonly Tensor[];
  readonly gradient: (dy: Tensor, inputs: Tensors, kept: Tensors) => Tensor[];
}
/** Read by position: the tape hands back exactly what was saved. */
type Tensors = readonly Tensor[] & Readonly<Record<0 | 1 | 2, Tensor>>;

/** `tf.customGrad` that saves inputs and kept tensors: the gradient runs after the forward pass has been tidied. */
export function withGradient(inputs: readonly Tensor[], forward: () => Layer): Tensor {
  const custom = tf.customGrad(((...args: unknown[]) => {
    const save = args.pop() as (tensors: Tensor[]) => void;
    const { value, kept = [], gradient } = forward();
    save([...inputs, ...kept]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] =>
      gradient(dy, saved.slice(0, inputs.length) as unknown as Tensors, saved.slice(inputs.length) as unknown as Tensors);
    return { value, gradFunc };
  }) as unknown as Parameters<typeof tf.customGrad>[0]);
  return custom(...(inputs as Tensor[]));
}

/** a b with optional transposes, rank 2. */
export function matmul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return withGradient([a, b], () => ({
    value: rawMatmul(a, b, transposeA, transposeB),
    gradient: (dy, [p, q]) => [
      transposeA ? rawMatmul(q, dy, transposeB, true) : rawMatmul(dy, q, false, !transposeB),
      transposeB ? rawMatmul(dy, p, true, transposeA) : rawMatmul(p, dy, !transposeA, false),
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
    gradient: (dy, [p, w]) => [rawMatmul(dy, w, false, true), rawMatmul(p, dy, true, false), rawOp('BiasAddGrad', { T: 'float32' }, [dy])],
  }));
}

/** (x - mean) / sqrt(var + epsilon) * gain + bias over the last axis. @param x `[N, d]` */
export function layerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
  return withGradient([x, gain, bias], () => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [N, 1]
    const normal = tf.mul(centred, inverse);
    return {
      value: tf.add(tf.mul(normal, gain), bias), kept: [normal, inverse],
      gradient: (dy, [, g], kept) => normGradient(dy, g, kept, true),
    };
  });
}

/** x / sqrt(mean(x^2) + epsilon) * gain over the last axis. @param x `[N, d]` */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  return withGradient([x, gain], () => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
    const normal = tf.mul(x, inverse);
    return { value: tf.mul(normal, gain), kept: [normal, inverse], gradient: (dy, [, g], kept) => normGradient(dy, g, kept, false) };
  });
}

/** With u = dy * gain: dx = (u - mean(u) - n mean(u n)) / sigma; RMS norm centres nothing, so mean(u) falls away. */
function normGradient(dy: Tensor, gain: Tensor, [normal, inverse]: Tensors, centred: boolean): Tensor[] {
  const u = tf.mul(dy, gain);
  const along = tf.mul(normal, tf.mean(tf.mul(u, normal), -1, true));
  const across = centred ? tf.sub(tf.sub(u, tf.mean(u, -1, true)), along) : tf.sub(u, along);
  const dx = tf.mul(across, inverse);
  const dGain = tf.sum(tf.mul(dy, normal), 0);
  return centred ? [dx, dGain, tf.sum(dy, 0)] : [dx, dGain];
}

/** x Phi(x), the exact form. */
export function gelu(x: Tensor): Tensor {
  return withGradient([x], () => {
    const a = tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1); // 2 Phi(x)
    return {
      value: tf.mul(tf.mul(x, 0.5), a), kept: [a],
      gradient: (dy, [p], [twoPhi]) => {
        // phi(x) = exp(-x^2 / 2 - log sqrt(2 pi)): the constant goes into the exponent, one pass less
        const density = tf.exp(tf.sub(-0.5 * Math.log(2 * Math.PI), tf.mul(tf.square(p), 0.5)));
        return [tf.mul(dy, tf.add(tf.mul(twoPhi, 0.5), tf.mul(p, density)))];
      },
    };
  });
}

/** z (1 + erf z), which is sqrt(2) gelu(sqrt(2) z): GELU without its constants. */
export function halfGelu(z: Tensor): Tensor {
  return withGradient([z], () => {
    const a = tf.add(tf.erf(z), 1);
    return {
      value: tf.mul(z, a), kept: [a],
      // 1 + erf z + z 2/sqrt(pi) exp(-z^2), the constant in the exponent
      gradient: (dy, [p], [saved]) => [tf.mul(dy, tf.add(saved, tf.mul(p, tf.exp(tf.sub(Math.log(2 / Math.sqrt(Math.PI)), tf.square(p))))))],
    };
  });
}

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), GPT-2's form. */
export function geluTanh(x: Tensor): Tensor {
  const c = Math.sqrt(2 / Math.PI);
  return withGradient([x], () => {
    const t = tf.tanh(tf.mul(tf.mul(x, c), tf.add(tf.mul(tf.square(x), 0.044715), 1)));
    return {
      value: tf.mul(tf.mul(x, 0.5), tf.add(t, 1)), kept: [t],
      gradient: (dy, [p], [s]) => {
        const inner = tf.add(tf.mul(tf.square(p), 3 * 0.044715 * c), c);
        const slope = tf.mul(tf.mul(p, inner), tf.sub(1, tf.square(s)));
        return [tf.mul(dy, tf.mul(tf.add(tf.add(s, 1), slope), 0.5))];
      },
    };
  });
}

/** x, as a constant to the gradient. */
export function detach(x: Tensor): Tensor {
  return withGradient([x], () => ({ value: rawOp('Identity', { T: 'float32' }, [x]), gradient: (dy) => [tf.zerosLike(dy)] }));
}

/** max(x, 0); the gradient is one ReluGrad. */
export function relu(x: Tensor): Tensor {
  return withGradient([x], () => {
    const y = rawOp('Relu', { T: 'float32' }, [x]);
    return { value: y, kept: [y], gradient: (dy, _inputs, [out]) => [rawOp('ReluGrad', { T: 'float32' }, [dy, out])] };
  });
}

/** x sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return withGradient([x], () => {
    const gate = tf.sigmoid(x);
    const y = tf.mul(x, gate);
    return { value: y, kept: [gate, y], gradient: (dy, _inputs, [s, out]) => [tf.mul(dy, tf.add(s, tf.mul(out, tf.sub(1, s))))] };
  });
}

/** tanh(x) with the fused gradient. */
export function tanh(x: Tensor): Tensor {
  return withGradient([x], () => {
    const y = tf.tanh(x);
    return { value: y, kept: [y], gradient: (dy, _inputs, [out]) => [rawOp('TanhGrad', { T: 'float32' }, [out, dy])] };
  });
}

/** softmax over the last axis; dx = y (dy - sum(dy y)). */
export function softmax(x: Tensor): Tensor {
  return withGradient([x], () => {
    const y = rawOp('Softmax', { T: 'float32' }, [x]);
    return { value: y, kept: [y], gradient: (dy, _inputs, [p]) => [tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, p), -1, true)), p)] };
  });
}

/** log sum exp over the last axis, kept as one. @param x `[..., n]` @returns `[..., 1]` */
export function logSumExp(x: Tensor): Tensor {
  return withGradient([x], () => {
    const top = tf.max(x, -1, true);
    const y = tf.add(tf.log(tf.sum(tf.exp(tf.sub(x, top)), -1, true)), top);
    return { value: y, kept: [y], gradient: (dy, [p], [mass]) => [tf.mul(tf.exp(tf.sub(p, mass)), dy)] };
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
  const types = { T: 'float32', Tindices: 'int32', Tnumsegments: 'int32' } as const;
  return withGradient([table], () => ({
    value: rawGather(table, rows), kept: [rows],
    gradient: (dy, _inputs, [index]) => [rawOp('UnsortedSegmentSum', types, [dy, index, tf.scalar(size, 'int32')])],
  }));
}

/**
 * Rows of x in another order, where the gradient is a plain gather too: the caller knows which output row each input row
 * went to, and that rows read more than once or never have zero gradient (see `layout.ts`).
 * @param x `[n, k]` @param order int32 `[m]`, row of x for each row of the result @param back int32 `[n]`, row of the result for each row of x
 */
export function reorderRows(x: Tensor, order: Tensor, back: Tensor): Tensor {
  return withGradient([x], () => ({ value: rawGather(x, order), kept: [back], gradient: (dy, _inputs, [index]) => [rawGather(dy, index)] }));
}

function rawGather(table: Tensor, rows: Tensor): Tensor {
  return rawOp('GatherV2', { batch_dims: 0, Tparams: 'float32', Tindices: 'int32', Taxis: 'int32' }, [table, rows, tf.scalar(0, 'int32')]);
}
