import { rawOp } from './backend';
import { withGradient } from './gradient';
import { hasKernel, hasKernels, kernel, kernels } from './native';
import { tf, type Tensor } from './tf';

/** x Phi(x), the exact form. */
export function gelu(x: Tensor): Tensor {
  if (hasKernels()) return fusedGelu(x, Math.SQRT1_2, 0.5);
  return withGradient([x], () => {
    const a = tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1); // 2 Phi(x)
    return {
      value: tf.mul(tf.mul(x, 0.5), a),
      kept: [a],
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
  if (hasKernels()) return fusedGelu(z, 1, 1);
  return withGradient([z], () => {
    const a = tf.add(tf.erf(z), 1);
    return {
      value: tf.mul(z, a),
      kept: [a],
      // 1 + erf z + z 2/sqrt(pi) exp(-z^2), the constant in the exponent
      gradient: (dy, [p], [saved]) => [
        tf.mul(dy, tf.add(saved, tf.mul(p, tf.exp(tf.sub(Math.log(2 / Math.sqrt(Math.PI)), tf.square(p)))))),
      ],
    };
  });
}

/** outer x (1 + erf(inner x)) */
function fusedGelu(x: Tensor, inner: number, outer: number): Tensor {
  const factors = { first: inner, second: outer };
  return withGradient([x], () => ({
    value: kernel('PetlGelu', [x], factors),
    gradient: (dy, [p]) => [kernel('PetlGeluGrad', [dy, p], factors)],
  }));
}

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), GPT-2's form. */
export function geluTanh(x: Tensor): Tensor {
  const c = Math.sqrt(2 / Math.PI);
  return withGradient([x], () => {
    const t = tf.tanh(tf.mul(tf.mul(x, c), tf.add(tf.mul(tf.square(x), 0.044715), 1)));
    return {
      value: tf.mul(tf.mul(x, 0.5), tf.add(t, 1)),
      kept: [t],
      gradient: (dy, [p], [s]) => {
        const inner = tf.add(tf.mul(tf.square(p), 3 * 0.044715 * c), c);
        const slope = tf.mul(tf.mul(p, inner), tf.sub(1, tf.square(s)));
        return [tf.mul(dy, tf.mul(tf.add(tf.add(s, 1), slope), 0.5))];
      },
    };
  });
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
    return {
      value: y,
      kept: [gate, y],
      gradient: (dy, _inputs, [s, out]) => [tf.mul(dy, tf.add(s, tf.mul(out, tf.sub(1, s))))],
    };
  });
}

/** x sigmoid(x) up: the middle of a gated FFN (SwiGLU, Shazeer 2020). @param x the gate's side, `[N, width]` */
export function gatedSilu(x: Tensor, up: Tensor): Tensor {
  if (!hasKernel('PetlGatedSilu')) return tf.mul(silu(x), up);
  return withGradient([x, up], () => ({
    value: kernel('PetlGatedSilu', [x, up]),
    gradient: (dy, [gate, other]) => [...kernels('PetlGatedSiluGrad', [dy, gate, other], {}, 2)],
  }));
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
    return {
      value: y,
      kept: [y],
      gradient: (dy, _inputs, [p]) => [tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, p), -1, true)), p)],
    };
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
