import { gatherRows, withGradient } from '../engine/layers';
import { hasKernel, kernel } from '../engine/native';
import { tf, type Tensor } from '../engine/tf';
import { magnitudeOf, speedsOf } from './rope';
import type { ModelShape, Rotary } from './shape';
import { isWindowed } from './shapes';

/**
 * Cosine and sine of every row's angles, `[N, 1, columns]`: made once a pass, used by all heads and layers. The sine
 * has the
 * sign of its place in the rotation, minus for the first of a pair; `back` is its negative, which turns the other way.
 */
export interface Rotation {
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly back: Tensor;
  readonly pairs: 'half' | 'interleaved';
}

/** Rotations of all layers, and of windowed ones where they turn otherwise. */
export interface Rotations {
  readonly all: Rotation;
  readonly local?: Rotation;
}

/**
 * The rotations of rows at these positions, undefined for models without rotary positions (RoFormer, Su et al. 2021,
 * section 3.2.2: pair i of a head turns by position * base^(-2i / columns)).
 * @param positions int32 `[N]`, negative for prompt vectors before the first token
 */
export function rotationsAt(positions: Tensor, { positions: kind, headWidth }: ModelShape): Rotations | undefined {
  if (kind.kind !== 'rotary') return undefined;
  const all = rotationAt(positions, kind, headWidth);
  if (kind.localBase === null) return { all };
  const local = { ...kind, base: kind.localBase, scaling: { kind: 'none' } } as const;
  return { all, local: rotationAt(positions, local, headWidth) };
}

function rotationAt(
  positions: Tensor,
  { base, pairs, columns: turning, scaling }: Rotary,
  headWidth: number,
): Rotation {
  const columns = turning === 'all' ? headWidth : turning;
  const each = speedsOf(base, columns, scaling);
  const speeds = pairs === 'half' ? [...each, ...each] : each.flatMap((speed) => [speed, speed]);
  const angles = tf.mul(tf.reshape(tf.cast(positions, 'float32'), [-1, 1, 1]), tf.tensor3d(speeds, [1, 1, columns]));
  const magnitude = magnitudeOf(scaling);
  const signs = speeds.map((_, i) => ((pairs === 'half' ? i < columns / 2 : i % 2 === 0) ? -magnitude : magnitude));
  const sin = tf.mul(tf.sin(angles), tf.tensor3d(signs, [1, 1, columns]));
  const cos = tf.cos(angles);
  return { cos: magnitude === 1 ? cos : tf.mul(cos, magnitude), sin, back: tf.neg(sin), pairs };
}

/** How queries and keys of a layer turn, if they do. */
export function rotationOf(shape: ModelShape, layer: number, rotations: Rotations | undefined): Rotation | undefined {
  const { positions } = shape;
  if (positions.kind !== 'rotary' || positions.still.includes(layer)) return undefined;
  return isWindowed(shape, layer) ? (rotations?.local ?? rotations?.all) : rotations?.all;
}

/** The rotations of some rows alone. @param rows int32 `[M]` */
export function rotationsOf({ all, local }: Rotations, rows: Tensor): Rotations {
  const pick = ({ cos, sin, back, pairs }: Rotation): Rotation => {
    const [c, s, b] = [cos, sin, back].map((angles) => gatherRows(angles, rows)) as [Tensor, Tensor, Tensor];
    return { cos: c, sin: s, back: b, pairs };
  };
  return { all: pick(all), ...(local && { local: pick(local) }) };
}

/** Turns the pairs of numbers of every head, those of its first columns. The gradient turns back. @param x `[N, heads * headWidth]` */
export function rotate(x: Tensor, headWidth: number, { cos, sin, back, pairs }: Rotation): Tensor {
  return withGradient([x], () => ({
    value: turn(x, headWidth, { cos, sin, pairs }),
    kept: [cos, back],
    gradient: (dy, _inputs, kept) => [turn(dy, headWidth, { cos: kept[0], sin: kept[1], pairs })],
  }));
}

function turn(x: Tensor, headWidth: number, { cos, sin, pairs }: Omit<Rotation, 'back'>): Tensor {
  const heads = tf.reshape(x, [x.shape[0] as number, -1, headWidth]);
  const columns = cos.shape[2] as number;
  if (columns === headWidth && pairs === 'half' && hasKernel('PetlRotate'))
    return kernel('PetlRotate', [x, cos, sin], { first: 1 });
  const turned = (part: Tensor): Tensor => tf.add(tf.mul(part, cos), tf.mul(swapped(part, pairs), sin));
  if (columns === headWidth) return tf.reshape(turned(heads), x.shape);
  const [turning, still] = tf.split(heads, [columns, headWidth - columns], 2) as [Tensor, Tensor];
  return tf.reshape(tf.concat([turned(turning), still], 2), x.shape);
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
