import { logSumExp, softmax } from '../engine/layers';
import { dropout } from '../engine/random';
import { tf, type Tensor } from '../engine/tf';
import { mergeHeads } from './layout';
import { project, show, type Attended, type Place, type Stream } from './place';
import { projections } from './projections';

/**
 * Multi-head attention (He et al. 2021, section 2.1): softmax(Q K^T scale + mask) V per head, concatenated, times W_o.
 * Query heads share key-value heads where there are fewer of them (grouped attention).
 * @param query stream that asks, N_q rows @returns `[N_q, d]` before residual and norm
 */
export function attention(place: Place, kind: 'attn' | 'cross', query: Stream, { memory, mask }: Attended): Tensor {
  const { heads, keyValueHeads, attentionScale: scale } = place.shape;
  const { asked, keys, values, query: plain } = projections(place, kind, query, memory);
  const products = tf.matMul(grouped(asked, keyValueHeads), keys, false, true);
  const scores = tf.add(grouped(products, heads), mask); // [B, heads, T_q, T_k]
  const shares = dropout(softmax(scores), place.dropout, place.noise);
  const merged = mergeHeads(grouped(tf.matMul(grouped(shares, keyValueHeads), values), heads), query.layout);
  const view = { get query() { return plain(); }, heads, scale, logMass: () => mergeHeads(logSumExp(scores), query.layout) };
  const context = show(place, { site: `${kind}.heads`, input: query.x, output: merged, attention: view });
  return project(place, `${kind}.out`, null, context);
}

/** `[B, a, T, k]` -> `[B, heads, a T / heads, k]`: neighbouring query heads ask the same keys as if they were more queries, and back. */
function grouped(x: Tensor, heads: number): Tensor {
  const [batch, a, length, width] = x.shape as [number, number, number, number];
  return a === heads ? x : tf.reshape(x, [batch, heads, a * length / heads, width]);
}
