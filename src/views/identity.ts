import { tf, type Tensor } from '../engine/tf';
import { keyMask, layoutOf, type Batch } from '../model/batch';
import { splitHeads } from '../model/layout';
import type { Model } from '../model/open';
import type { SitePoint, Visit } from '../model/site';
import { attendPrefix, prefixPairs, type PrefixPair } from '../petl/forms/attend';
import type { Delta } from '../petl/bank/delta';
import { visitFor } from '../petl/forms/modify';
import { placeName } from '../petl/design/places';
import type { HeatCell } from '../plots/heat-map';
import { lastHidden, visitTexts, withBatch } from './texts';

/** Largest difference between the two forms of prefix tuning in one layer, over all real tokens and heads. */
export interface FormsApart {
  readonly layer: number;
  readonly difference: number;
  readonly largest: number;
}

/**
 * Runs the model with a prefix and computes every layer's heads twice from the same activations: as attention over
 * [P_k; K] and [P_v; V] (He et al. 2021, equation 5), and as the gated adapter that this project runs (equation 9).
 * `largest` is the largest absolute head output, to judge the difference by.
 */
export function prefixTwice(model: Model, texts: readonly string[], delta: Delta): readonly FormsApart[] {
  return withBatch(model, texts, (batch) => {
    const apart: FormsApart[] = [];
    const parts = new Map<string, Tensor>();
    watch(model, batch, delta, ({ pair, point, moved }) => {
      if (point.attention === undefined) parts.set(point.site, moved);
      else {
        const joined = concatenated(pair, point, parts, batch);
        apart.push({
          layer: point.layer,
          difference: largest(tf.sub(joined, moved), batch),
          largest: largest(joined, batch),
        });
      }
    });
    return apart;
  });
}

/**
 * The gate lambda of each head and layer: the share of attention that falls on the prefix, mean over the texts' tokens.
 */
export function prefixGates(model: Model, texts: readonly string[], delta: Delta): readonly HeatCell[] {
  return withBatch(model, texts, (batch) => {
    const cells: HeatCell[] = [];
    watch(model, batch, delta, ({ pair, point }) => {
      if (point.attention === undefined) return;
      const gate = tf.transpose(tf.squeeze(attendPrefix(pair, point.attention, model.backbone.shape).gate(), [2])); // [heads, N]
      const means = tf.div(tf.sum(tf.mul(gate, realRows(batch)), 1), tf.sum(realRows(batch))).dataSync();
      means.forEach((value, head) => cells.push({ row: `layer ${point.layer + 1}`, column: `${head + 1}`, value }));
    });
    return cells;
  });
}

/** What one attention gives a prefix: who asks, the prefix's keys and values, and the gate `[N, heads, 1]`. */
export interface PrefixSlots {
  readonly pair: PrefixPair;
  readonly attention: NonNullable<SitePoint['attention']>;
  readonly gate: Tensor;
  /** Layer, from 0. */
  readonly at: number;
}

/** Shows every attention of one text that has a prefix. Tensors live during the call alone. */
export function prefixSlots(model: Model, text: string, delta: Delta, look: (slots: PrefixSlots) => void): void {
  withBatch(model, [text], (batch) => {
    watch(model, batch, delta, ({ pair, point: { attention, layer } }) => {
      if (attention !== undefined)
        look({ pair, attention, gate: attendPrefix(pair, attention, model.backbone.shape).gate(), at: layer });
    });
  });
}

/**
 * What f makes of the same down-projection, `[tokens, l]` each: LoRA's identity, the adapter's ReLU, the prefix's
 * softmax.
 */
export interface ThreeForms {
  readonly identity: Grid;
  readonly relu: Grid;
  readonly softmax: Grid;
}
type Grid = readonly (readonly number[])[];

/**
 * q P_k^T of one head for every token of a text, under three f. P_k are the head's own keys of the words of `prefix`,
 * the
 * start that Li and Liang (2021) recommend for prefixes.
 * @param layer from 0 @param head from 0
 */
export function threeForms(
  model: Model,
  text: string,
  prefix: string,
  { layer, head }: { readonly layer: number; readonly head: number },
): ThreeForms {
  const queries = headRows(model, text, 'query', { layer, head });
  const keys = headRows(model, prefix, 'key', { layer, head }).slice(1, -1); // words, not the marks at both ends
  const under = (f: (scores: Tensor) => Tensor): Grid => {
    const result = tf.tidy(() =>
      f(tf.mul(tf.matMul(tf.tensor2d(queries), tf.tensor2d(keys), false, true), model.backbone.shape.attentionScale)),
    );
    const rows = result.arraySync() as number[][];
    result.dispose();
    return rows;
  };
  return { identity: under((z) => z), relu: under((z) => tf.relu(z)), softmax: under((z) => tf.softmax(z)) };
}

/** Queries or keys of one head for every token of a text, `[T, dh]`. */
function headRows(
  model: Model,
  text: string,
  part: 'query' | 'key',
  { layer, head }: { readonly layer: number; readonly head: number },
): number[][] {
  const { headWidth } = model.backbone.shape;
  let rows: number[][] = [];
  visitTexts(model, [text], (point) => {
    if (point.site === `attn.${part}` && point.layer === layer)
      rows = (point.output.arraySync() as number[][]).map((row) => row.slice(head * headWidth, (head + 1) * headWidth));
    return point.output;
  });
  return rows;
}

interface Seen {
  readonly pair: PrefixPair;
  readonly point: SitePoint;
  readonly moved: Tensor;
}

/** Runs the modified model and shows each attention's projections and heads with what the method made of them. */
function watch(model: Model, batch: Batch, delta: Delta, look: (seen: Seen) => void): void {
  const { shape } = model.backbone;
  const tensors = { ...delta.variables, ...delta.constants };
  const change = visitFor(delta.method, shape, tensors, { noise: undefined });
  const pairs = prefixPairs(delta.method, shape, tensors);
  const visit: Visit = (point) => {
    const moved = change(point);
    const heads = placeName(point.stack, point.layer, 'attn.heads');
    const pair = pairs.get(`${heads}.prefix`);
    if (pair !== undefined && /^attn\.(query|key|value|heads)$/.test(point.site)) look({ pair, point, moved });
    return moved;
  };
  lastHidden(model, batch, visit);
}

/** softmax(q [P_k; K]^T scale + mask) [P_v; V] per head, written out: `[N, heads dh]`. */
function concatenated(
  { keys, values }: PrefixPair,
  { attention }: SitePoint,
  parts: ReadonlyMap<string, Tensor>,
  batch: Batch,
): Tensor {
  const { heads, scale } = attention as NonNullable<SitePoint['attention']>;
  const layout = layoutOf(batch);
  const [q, k, v] = ['query', 'key', 'value'].map(
    (part) => splitHeads(parts.get(`attn.${part}`) as Tensor, heads, layout)[0],
  ) as [Tensor, Tensor, Tensor];
  const [B, l] = [q.shape[0] as number, keys.shape[0] as number];
  const free = (p: Tensor): Tensor =>
    tf.tile(tf.expandDims(tf.transpose(tf.reshape(p, [l, heads, -1]), [1, 0, 2]), 0), [B, 1, 1, 1]); // [B, heads, l, dh]
  const mask = tf.concat([tf.zeros([B, 1, 1, l]), keyMask(batch.keys[0] as Tensor)], 3); // prefix keys are always visible
  const scores = tf.add(tf.mul(tf.matMul(q, tf.concat([free(keys), k], 2), false, true), scale), mask);
  return layout.packHeads([tf.matMul(tf.softmax(scores), tf.concat([free(values), v], 2))]);
}

/** float `[N]`, 1 for rows of real tokens. */
function realRows(batch: Batch): Tensor {
  return tf.cast(tf.greaterEqual(batch.sequences, 0), 'float32');
}

function largest(x: Tensor, batch: Batch): number {
  return tf.max(tf.mul(tf.abs(x), tf.expandDims(realRows(batch), 1))).dataSync()[0] ?? NaN;
}
