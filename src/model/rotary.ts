import { withGradient } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import type { ModelShape } from './shape';

/**
 * Cosine and sine of every row's angles, `[N, 1, headWidth]`: made once a pass, used by all heads and layers. The sine
 * has the
 * sign of its place in the rotation, minus for the first of a pair; `back` is its negative, which turns the other way.
 */
export interface Rotation {
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly back: Tensor;
  readonly pairs: 'half' | 'interleaved';
}

/**
 * The rotation of rows at these positions, undefined for models without rotary positions (RoFormer, Su et al. 2021,
 * section 3.2.2: pair i of a head turns by position * base^(-2i / headWidth)).
 * @param positions int32 `[N]`, negative for prompt vectors before the first token
 */
export function rotationAt(positions: Tensor, { positions: kind, headWidth }: ModelShape): Rotation | undefined {
  if (kind.kind !== 'rotary') return undefined;
  const pairs = Array.from({ length: headWidth / 2 }, (_, i) => Math.fround(kind.base ** ((-2 * i) / headWidth)));
  const speeds = kind.pairs === 'half' ? [...pairs, ...pairs] : pairs.flatMap((speed) => [speed, speed]);
  const angles = tf.mul(tf.reshape(tf.cast(positions, 'float32'), [-1, 1, 1]), tf.tensor3d(speeds, [1, 1, headWidth]));
  const signs = speeds.map((_, i) => ((kind.pairs === 'half' ? i < headWidth / 2 : i % 2 === 0) ? -1 : 1));
  const sin = tf.mul(tf.sin(angles), tf.tensor3d(signs, [1, 1, headWidth]));
  return { cos: tf.cos(angles), sin, back: tf.neg(sin), pairs: kind.pairs };
}

/** Turns every pair of numbers of every head. The gradient turns back. @param x `[N, heads * headWidth]` */
export function rotate(x: Tensor, { cos, sin, back, pairs }: Rotation): Tensor {
  return withGradient([x], () => ({
    value: turn(x, cos, sin, pairs),
    kept: [cos, back],
    gradient: (dy, _inputs, kept) => [turn(dy, kept[0], kept[1], pairs)],
  }));
}

function turn(x: Tensor, cos: Tensor, sin: Tensor, pairs: Rotation['pairs']): Tensor {
  const heads = tf.reshape(x, [x.shape[0] as number, -1, cos.shape[2] as number]);
  return tf.reshape(tf.add(tf.mul(heads, cos), tf.mul(swapped(heads, pairs), sin)), x.shape);
}

/** (a, b) -> (b, a) for each pair: halves of a head, or neighbours. @param x `[N, heads, w]` */
function swapped(x: Tensor, pairs: Rotation['pairs']): Tensor {
  if (pairs === 'half') {
    const [a, b] = tf.split(x, 2, 2) as [Tensor, Tensor];
    return tf.concat([b, a], 2);
  }
  const [rows, heads, width] = x.shape as [number, number, number];
  const [a, b] = tf.split(tf.reshape(x, [rows, heads, width / 2, 2]), 2, 3) as [Tensor, Tensor];
  return tf.reshape(tf.concat([b, a], 3), [rows, heads, width]);
}
