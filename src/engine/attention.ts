import { softmax } from './activations';
import { withGradient } from './gradient';
import { tf, type Tensor } from './tf';

/** Queries, already scaled, keys and values by head, and what is added to their scores. */
export interface Asked {
  /** `[B, heads, T_q, w]` */
  readonly queries: Tensor;
  /** `[B, kvHeads, T_k, w]`; neighbouring heads share keys where kvHeads is smaller than heads. */
  readonly keys: Tensor;
  /** `[B, kvHeads, T_k, w]` */
  readonly values: Tensor;
  /** Broadcast to `[B, heads, T_q, T_k]`. */
  readonly mask: Tensor;
}

/** Factors on the shares, those of dropout, made for `[B, heads, T_q, T_k]`; undefined keeps the shares as they are. */
export type Thinning = (shape: readonly number[]) => Tensor | undefined;

/**
 * softmax(Q K^T + mask) V by head, the shares thinned by dropout. With O the result and P the shares, the softmax's gradient
 * P (dP - sum_k dP P) is P (dP - sum_w dO O): its sum needs the w numbers of each query and not the T_k of its scores
 * (Dao et al. 2022, appendix B.2), thinned or not.
 * @param mass true adds a column: the log of the sum over keys of exp(score) @returns `[B, heads, T_q, w]`, or w + 1 columns
 */
export function attend({ queries, keys, values, mask }: Asked, thinning: Thinning, mass: boolean): Tensor {
  const heads = queries.shape[1] as number;
  const shared = keys.shape[1] as number;
  return withGradient([queries, keys, values, mask], () => {
    const scores = tf.add(grouped(tf.matMul(grouped(queries, shared), keys, false, true), heads), mask);
    const shares = softmax(scores);
    const factors = thinning(shares.shape);
    const thin = factors === undefined ? shares : tf.mul(shares, factors);
    const context = grouped(tf.matMul(grouped(thin, shared), values), heads);
    return {
      value: mass ? tf.concat([context, logMass(scores, shares)], 3) : context,
      kept: [context, shares, ...(factors === undefined ? [] : [thin])],
      gradient: (dy, inputs, kept) => gradientOf(dy, inputs as readonly [Tensor, Tensor, Tensor, Tensor], kept, mass),
    };
  });
}

function gradientOf(dy: Tensor, [queries, keys, values, mask]: readonly [Tensor, Tensor, Tensor, Tensor], kept: readonly (Tensor | undefined)[], mass: boolean): Tensor[] {
  const [context, shares, thinned] = kept as readonly [Tensor, Tensor, Tensor | undefined];
  const heads = queries.shape[1] as number;
  const shared = keys.shape[1] as number;
  const [width] = context.shape.slice(-1) as [number];
  const dContext = mass ? tf.slice(dy, [0, 0, 0, 0], [-1, -1, -1, width]) : dy;
  const dThin = grouped(tf.matMul(grouped(dContext, shared), values, false, true), heads);
  const along = tf.sum(tf.mul(dContext, context), -1, true);
  const level = mass ? tf.sub(along, tf.slice(dy, [0, 0, 0, width], [-1, -1, -1, 1])) : along;
  const dScores = thinned === undefined ? tf.mul(tf.sub(dThin, level), shares) : tf.sub(tf.mul(dThin, thinned), tf.mul(level, shares));
  const grid = grouped(dScores, shared);
  return [
    grouped(tf.matMul(grid, keys), heads), tf.matMul(grid, grouped(queries, shared), true, false),
    tf.matMul(grouped(thinned ?? shares, shared), grouped(dContext, shared), true, false), summedTo(dScores, mask),
  ];
}

/** log sum exp of each row of scores: the largest score has the largest share, exp(score - mass). */
function logMass(scores: Tensor, shares: Tensor): Tensor {
  return tf.sub(tf.max(scores, -1, true), tf.log(tf.max(shares, -1, true)));
}

/** `[B, a, T, k]` -> `[B, heads, a T / heads, k]`: neighbouring query heads ask the same keys as if they were more queries, and back. */
function grouped(x: Tensor, heads: number): Tensor {
  const [batch, a, length, width] = x.shape as [number, number, number, number];
  return a === heads ? x : tf.reshape(x, [batch, heads, a * length / heads, width]);
}

/** The gradient of what was broadcast: sums over the axes along which it was. */
function summedTo(x: Tensor, { shape }: Tensor): Tensor {
  const missing = x.rank - shape.length;
  const axes = x.shape.flatMap((size, axis) => (axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : []));
  return axes.length === 0 ? x : tf.reshape(tf.sum(x, axes), shape);
}
