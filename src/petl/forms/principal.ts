import { attrTypes, backend, dtypes } from '../../engine/backend';
import { tf, type Tensor } from '../../engine/tf';

/**
 * Best rank-r approximation W ~ A B with A = U sqrt(S), B = sqrt(S) V^T (PiSSA, Meng et al. 2024, equations 2-3).
 * @param weight `[in, out]` @returns row-major A `[in, r]` as `down`, B `[r, out]` as `up`
 */
export function principalFactors(
  weight: Tensor,
  r: number,
): { readonly down: Float32Array; readonly up: Float32Array } {
  const bool = (name: string, value: boolean) => ({ name, type: attrTypes.bool, value });
  const attrs = [
    bool('compute_uv', true),
    bool('full_matrices', false),
    { name: 'T', type: attrTypes.type, value: dtypes.float32 },
  ];
  const read = (tensor: Tensor): Float32Array => tensor.dataSync() as Float32Array;
  return tf.tidy(() => {
    const [s, u, v] = backend().executeMultipleOutputs('Svd', attrs, [weight], 3) as [Tensor, Tensor, Tensor];
    const root = tf.sqrt(tf.slice(s, [0], [r])); // [r]
    const side = (vectors: Tensor): Tensor => tf.mul(tf.slice(vectors, [0, 0], [vectors.shape[0] as number, r]), root);
    return { down: read(side(u)), up: read(tf.transpose(side(v))) } as unknown as tf.TensorContainer;
  }) as unknown as { down: Float32Array; up: Float32Array };
}
