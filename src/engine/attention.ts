import { softmax } from './activations';
import { withGradient, type Saved } from './gradient';
import { hasKernels, hasNarrowKernels, kernel, kernels } from './native';
import { thinning, type Noise, type Thinning } from './random';
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
  /** Scores become c tanh(score / c) before the mask is added. */
  readonly cap?: number;
}

/** Dropout of the shares. */
export interface Dropped {
  readonly rate: number;
  readonly noise: Noise;
}

/**
 * softmax(Q K^T + mask) V by head, the shares thinned by dropout. With O the result and P the shares, the softmax's
 * gradient
 * P (dP - sum_k dP P) is P (dP - sum_w dO O): its sum needs the w numbers of each query and not the T_k of its scores
 * (Dao et al. 2022, appendix B.2), thinned or not.
 * @param drop undefined for none @param mass true adds a column: the log of the sum over keys of exp(score) @returns
 *   `[B, heads, T_q, w]`, or w + 1 columns
 */
export function attend(asked: Asked, drop: Dropped | undefined, mass: boolean): Tensor {
  return isForOneKernel(asked) ? attendByKernel(asked, drop, mass) : attendByOps(asked, drop, mass);
}

function attendByOps({ queries, keys, values, mask, cap }: Asked, drop: Dropped | undefined, mass: boolean): Tensor {
  const heads = queries.shape[1] as number;
  const shared = keys.shape[1] as number;
  return withGradient([queries, keys, values, mask], () => {
    const plain = grouped(tf.matMul(grouped(queries, shared), keys, false, true), heads);
    const bent = cap === undefined ? undefined : tf.tanh(tf.div(plain, cap));
    const raw = cap === undefined || bent === undefined ? plain : tf.mul(bent, cap);
    const fused = hasKernels() && !mass;
    const scores = fused ? raw : tf.add(raw, mask);
    const shares = fused ? kernel('PetlMaskedSoftmax', [raw, mask]) : softmax(scores);
    const map = drop === undefined ? undefined : thinning(shares.shape, drop.rate, drop.noise);
    const context = grouped(
      tf.matMul(grouped(map === undefined ? shares : map.apply(shares, map.kept), shared), values),
      heads,
    );
    return {
      value: mass ? tf.concat([context, logMass(scores, shares)], 3) : context,
      kept: [context, shares, ...(bent === undefined ? [] : [bent]), ...(map?.kept ?? [])],
      gradient: (dy, inputs, kept) =>
        gradientOf(dy, inputs as Four, kept, { apply: map?.apply ?? ((x) => x), mass, capped: bent !== undefined }),
    };
  });
}

/** Rows of queries and numbers of a row that the kernel computes together (native/head.h). */
const [block, vectors] = [8, 32];

/**
 * In bfloat16 all of it is one op, but where it would compute rows for nothing, or a learnt bias by head needs a
 * gradient.
 */
export function isForOneKernel({ queries, mask, cap }: Asked): boolean {
  const [, heads = 1, asking = 0, width = 0] = queries.shape;
  return (
    hasNarrowKernels() &&
    cap === undefined &&
    asking >= block &&
    width % vectors === 0 &&
    heads > 1 &&
    mask.rank === 4 &&
    mask.shape[1] === 1
  );
}

function attendByKernel({ queries, keys, values, mask }: Asked, drop: Dropped | undefined, mass: boolean): Tensor {
  const attributes = { first: drop?.rate ?? 0, second: mass ? 1 : 0, stream: drop?.noise.next() ?? 0 };
  return withGradient([queries, keys, values, mask], () => {
    const seed = drop?.noise.seedOf(queries.shape[0] as number) ?? tf.zeros([2], 'int32');
    const [value, logSum] = kernels('PetlAttention', [queries, keys, values, mask, seed], attributes, 2) as [
      Tensor,
      Tensor,
    ];
    return {
      value,
      kept: [value, logSum, seed],
      gradient: (dy, inputs, [y, level, same]) => [
        ...kernels('PetlAttentionGrad', [...inputs, same, y, level, dy], attributes, 3),
        tf.zerosLike(inputs[3]),
      ],
    };
  });
}

/** Rows of sequences that follow one another from the first row on, no padding between them. */
export interface PackedRows {
  /** Queries, already scaled, keys and values `[N, 3, heads, w]`. */
  readonly all: Tensor;
  /** int32 `[B]`, the last row of each sequence; rows behind the last sequence belong to none and get 0. */
  readonly last: Tensor;
}

/** Whether `attendPacked` can be recorded: in bfloat16, for heads of this width. */
export function canAttendPacked(width: number): boolean {
  return hasNarrowKernels() && width % vectors === 0;
}

/**
 * `attend` of every sequence to all of itself, without padding and without moving rows. @returns `[N, heads, w]`, or w
 * + 1 with the log mass
 */
export function attendPacked({ all, last }: PackedRows, drop: Dropped | undefined, mass: boolean): Tensor {
  const attributes = { first: drop?.rate ?? 0, second: mass ? 1 : 0, stream: drop?.noise.next() ?? 0 };
  return withGradient([all], () => {
    const seed = drop?.noise.seedOf(all.shape[0] as number) ?? tf.zeros([2], 'int32');
    const [value, logSum] = kernels('PetlPackedAttention', [all, last, seed], attributes, 2) as [Tensor, Tensor];
    return {
      value,
      kept: [last, seed, value, logSum],
      gradient: (dy, [asked], [ends, same, y, level]) => [
        kernel('PetlPackedAttentionGrad', [asked, ends, same, y, level, dy], attributes),
      ],
    };
  });
}

type Four = readonly [Tensor, Tensor, Tensor, Tensor];

function gradientOf(
  dy: Tensor,
  [queries, keys, values, mask]: Four,
  [context, shares, ...more]: Saved,
  { apply, mass, capped }: { readonly apply: Thinning['apply']; readonly mass: boolean; readonly capped: boolean },
): Tensor[] {
  const [bent, kept] = capped ? [more[0], more.slice(1)] : [undefined, more];
  const heads = queries.shape[1] as number;
  const shared = keys.shape[1] as number;
  const [width] = context.shape.slice(-1) as [number];
  const dContext = mass ? tf.slice(dy, [0, 0, 0, 0], [-1, -1, -1, width]) : dy;
  const dThin = grouped(tf.matMul(grouped(dContext, shared), values, false, true), heads);
  const along = tf.sum(tf.mul(dContext, context), -1, true);
  const level = mass ? tf.sub(along, tf.slice(dy, [0, 0, 0, width], [-1, -1, -1, 1])) : along;
  const dShares = apply(dThin, kept);
  const dScores = hasKernels()
    ? kernel('PetlSoftmaxGrad', [dShares, level, shares])
    : tf.mul(tf.sub(dShares, level), shares);
  const dPlain = bent === undefined ? dScores : tf.mul(dScores, tf.sub(1, tf.square(bent)));
  const grid = grouped(dPlain, shared);
  return [
    grouped(tf.matMul(grid, keys), heads),
    tf.matMul(grid, grouped(queries, shared), true, false),
    tf.matMul(grouped(apply(shares, kept), shared), grouped(dContext, shared), true, false),
    summedTo(dScores, mask),
  ];
}

/** log sum exp of each row of scores: the largest score has the largest share, exp(score - mass). */
function logMass(scores: Tensor, shares: Tensor): Tensor {
  return tf.sub(tf.max(scores, -1, true), tf.log(tf.max(shares, -1, true)));
}

/**
 * `[B, a, T, k]` -> `[B, heads, a T / heads, k]`: neighbouring query heads ask the same keys as if they were more
 * queries, and back.
 */
function grouped(x: Tensor, heads: number): Tensor {
  const [batch, a, length, width] = x.shape as [number, number, number, number];
  return a === heads ? x : tf.reshape(x, [batch, heads, (a * length) / heads, width]);
}

/** The gradient of what was broadcast: sums over the axes along which it was. */
function summedTo(x: Tensor, { shape }: Tensor): Tensor {
  const missing = x.rank - shape.length;
  const axes = x.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : [],
  );
  return axes.length === 0 ? x : tf.reshape(tf.sum(x, axes), shape);
}
