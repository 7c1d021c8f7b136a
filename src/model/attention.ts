import { attend, attendPacked, canAttendPacked } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import type { Layout } from './layout';
import { project, show, type Attended, type Place, type Stream } from './place';
import { projections, type Projections } from './projections';
import { passes, type AttentionView } from './site';

/**
 * Multi-head attention (He et al. 2021, section 2.1): softmax(Q K^T scale + mask) V per head, concatenated, times W_o.
 * Query heads share key-value heads where there are fewer of them (grouped attention).
 * @param query stream that asks, N_q rows @returns `[N_q, d]` before residual and norm
 */
export function attention(place: Place, kind: 'attn' | 'cross', query: Stream, attended: Attended): Tensor {
  const projected = projections(place, kind, query, attended.memory);
  const seen = !passes(place.visit, `${kind}.heads`);
  const heads = headsOf({ ...projected, mass: seen }, place, query.layout, attended);
  if (!seen) return project(place, `${kind}.out`, heads);
  const { heads: count, headWidth, attentionScale: scale } = place.shape;
  const packed = tf.reshape(heads, [-1, count, headWidth + 1]);
  const columns = (from: number, size: number): Tensor =>
    tf.reshape(tf.slice(packed, [0, 0, from], [-1, -1, size]), [-1, count * size]);
  const view: AttentionView = {
    get query() {
      return projected.query();
    },
    heads: count,
    scale,
    softCap: place.shape.softCap.attention,
    logMass: () => columns(headWidth, 1),
  };
  return project(
    place,
    `${kind}.out`,
    show(place, { site: `${kind}.heads`, input: query.x, output: columns(0, headWidth), attention: view }),
  );
}

/** `[N, heads * headWidth]`, or headWidth + 1 with the log mass of each query and head. */
function headsOf(
  { all, grids, mass }: Projections & { readonly mass: boolean },
  { shape, dropout, noise }: Place,
  { last, packHeads }: Layout,
  { masks, hidesPaddingAlone }: Attended,
): Tensor {
  const drop = dropout === 0 || noise === undefined ? undefined : { rate: dropout, noise };
  const cap = shape.softCap.attention ?? undefined;
  const packs = all !== undefined && last !== undefined && hidesPaddingAlone === true && cap === undefined;
  if (packs && canAttendPacked(shape.headWidth)) {
    return tf.reshape(attendPacked({ all, last }, drop, mass), [all.shape[0] as number, -1]);
  }
  return packHeads(
    grids().map((grid, g) => attend({ ...grid, mask: masks[g] as Tensor, ...(cap && { cap }) }, drop, mass)),
  );
}
