import { withGradient, type Saved } from './gradient';
import { tf, type Tensor } from './tf';

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
function normGradient(dy: Tensor, gain: Tensor, [normal, inverse]: Saved, centred: boolean): Tensor[] {
  const u = tf.mul(dy, gain);
  const along = tf.mul(normal, tf.mean(tf.mul(u, normal), -1, true));
  const across = centred ? tf.sub(tf.sub(u, tf.mean(u, -1, true)), along) : tf.sub(u, along);
  const dx = tf.mul(across, inverse);
  const dGain = tf.sum(tf.mul(dy, normal), 0);
  return centred ? [dx, dGain, tf.sum(dy, 0)] : [dx, dGain];
}
