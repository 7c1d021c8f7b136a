import { withGradient, type Saved } from './gradient';
import { hasKernel, hasKernels, kernel, kernels } from './native';
import { tf, type Tensor } from './tf';

/** (x - mean) / sqrt(var + epsilon) * gain + bias over the last axis. @param x `[N, d]` */
export function layerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
  if (hasKernels()) return fusedLayerNorm(x, gain, bias, epsilon);
  return withGradient([x, gain, bias], () => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [N, 1]
    const normal = tf.mul(centred, inverse);
    return {
      value: tf.add(tf.mul(normal, gain), bias),
      kept: [normal, inverse],
      gradient: (dy, [, g], kept) => normGradient(dy, g, kept, true),
    };
  });
}

function fusedLayerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
  return withGradient([x, gain, bias], () => {
    const [value, mean, inverse] = kernels('PetlLayerNorm', [x, gain, bias], { first: epsilon }, 3) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return {
      value,
      kept: [mean, inverse],
      gradient: (dy, [input, g], [m, k]) => {
        const normal = tf.mul(tf.sub(input, m), k); // pruned where gain does not train
        return [kernel('PetlLayerNormGrad', [dy, input, g, m, k]), tf.sum(tf.mul(dy, normal), 0), tf.sum(dy, 0)];
      },
    };
  });
}

/** x / sqrt(mean(x^2) + epsilon) * gain over the last axis. @param x `[N, d]` */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  if (x.rank === 2 && hasKernel('PetlRmsNorm')) return fusedRmsNorm(x, gain, epsilon);
  return withGradient([x, gain], () => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
    const normal = tf.mul(x, inverse);
    return {
      value: tf.mul(normal, gain),
      kept: [normal, inverse],
      gradient: (dy, [, g], kept) => normGradient(dy, g, kept, false),
    };
  });
}

function fusedRmsNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  return withGradient([x, gain], () => {
    const [value, inverse] = kernels('PetlRmsNorm', [x, gain], { first: epsilon }, 2) as [Tensor, Tensor];
    return {
      value,
      kept: [inverse],
      gradient: (dy, [input, g], [k]) => [
        kernel('PetlRmsNormGrad', [dy, input, g, k]),
        tf.sum(tf.mul(dy, tf.mul(input, k)), 0), // pruned where gain does not train
      ],
    };
  });
}

/** With u = dy * gain: dx = (u - mean(u) - n mean(u n)) / sigma; RMS norm centres nothing, so mean(u) falls away. */
function normGradient(dy: Tensor, gain: Tensor, [normal, inverse]: Saved, centred: boolean): Tensor[] {
  const u = tf.mul(dy, gain);
  const along = tf.mul(normal, tf.mean(tf.mul(u, normal), -1, true));
  const across = centred ? tf.sub(tf.sub(u, tf.mean(u, -1, true)), along) : tf.sub(u, along);
  const dx = tf.mul(across, inverse);
  const dGain = tf.sum(tf.mul(dy, normal), 0);
  return centred ? [dx, dGain, tf.sum(dy, 0)] : [dx, dGain];
}
