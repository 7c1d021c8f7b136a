import { attrTypes, backend, dtypes, inDouble } from '../../engine/backend';
import { tf, type Tensor } from '../../engine/tf';

/** Row-major A `[in, r]` as `down`, B `[r, out]` as `up`. */
export interface Principal {
  readonly down: Float32Array;
  readonly up: Float32Array;
}

/**
 * Best rank-r approximation W ~ A B with A = U sqrt(S), B = sqrt(S) V^T (PiSSA, Meng et al. 2024, equations 2-3).
 * @param weight `[in, out]`
 */
export function principalFactors(weight: Tensor, r: number): Principal {
  const bool = (name: string, value: boolean) => ({ name, type: attrTypes.bool, value });
  const attrs = [
    bool('compute_uv', true),
    bool('full_matrices', false),
    { name: 'T', type: attrTypes.type, value: dtypes.float32 },
  ];
  return factorsOf(() => backend().executeMultipleOutputs('Svd', attrs, [weight], 3) as Decomposed, r);
}

/**
 * The same, decomposed in double precision: where the r-th and the next singular value are close, float32 leaves the
 * product A B as many times its rounding away as the largest of them is larger than their gap.
 */
export function exactPrincipalFactors(weight: Tensor, r: number): Principal {
  return factorsOf(() => inDouble('Svd', { compute_uv: true, full_matrices: false }, [weight], 3) as Decomposed, r);
}

/** Singular values `[k]`, left `[in, k]` and right `[out, k]` vectors. */
type Decomposed = [Tensor, Tensor, Tensor];

function factorsOf(decompose: () => Decomposed, r: number): Principal {
  const read = (tensor: Tensor): Float32Array => tensor.dataSync() as Float32Array;
  return tf.tidy(() => {
    const [s, u, v] = decompose();
    const root = tf.sqrt(tf.slice(s, [0], [r])); // [r]
    const side = (vectors: Tensor): Tensor => tf.mul(tf.slice(vectors, [0, 0], [vectors.shape[0] as number, r]), root);
    return { down: read(side(u)), up: read(tf.transpose(side(v))) } as unknown as tf.TensorContainer;
  }) as unknown as Principal;
}
