import { attend } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import { project, show, type Attended, type Place, type Stream } from './place';
import { projections } from './projections';
import { passes, type AttentionView } from './site';

/**
 * Multi-head attention (He et al. 2021, section 2.1): softmax(Q K^T scale + mask) V per head, concatenated, times W_o.
 * Query heads share key-value heads where there are fewer of them (grouped attention).
 * @param query stream that asks, N_q rows @returns `[N_q, d]` before residual and norm
 */
export function attention(place: Place, kind: 'attn' | 'cross', query: Stream, { memory, masks }: Attended): Tensor {
  const { grids, query: plain } = projections(place, kind, query, memory);
  const seen = !passes(place.visit, `${kind}.heads`);
  const { dropout, noise } = place;
  const drop = dropout === 0 || noise === undefined ? undefined : { rate: dropout, noise };
  const both = grids.map((grid, g) => attend({ ...grid, mask: masks[g] as Tensor }, drop, seen));
  if (!seen) return project(place, `${kind}.out`, null, query.layout.packHeads(both));
  const { heads, headWidth, attentionScale: scale } = place.shape;
  const packed = tf.reshape(query.layout.packHeads(both), [-1, heads, headWidth + 1]);
  const columns = (from: number, size: number): Tensor => tf.reshape(tf.slice(packed, [0, 0, from], [-1, -1, size]), [-1, heads * size]);
  const merged = columns(0, headWidth);
  const logMass = (): Tensor => columns(headWidth, 1);
  const view: AttentionView = { get query() { return plain(); }, heads, scale, logMass };
  return project(place, `${kind}.out`, null, show(place, { site: `${kind}.heads`, input: query.x, output: merged, attention: view }));
}
