import { linear, logSumExp, softmax } from '../engine/layers';
import { dropout, type Noise } from '../engine/random';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { mergeHeads, splitHeads, type Layout } from './layout';
import { rotate, type Rotation } from './rotary';
import type { ModelShape } from './shape';
import type { Site, SitePoint, Stack, Visit } from './site';

/** Where in the model we are, and what every part of it needs. */
export interface Place {
  readonly shape: ModelShape;
  readonly weights: Tensors;
  readonly stack: Stack;
  readonly layer: number;
  readonly visit: Visit;
  /** Given in training: randomness of dropout. */
  readonly noise: Noise | undefined;
  readonly dropout: number;
  /** Given in generation: where keys and values of earlier tokens are. */
  readonly recall?: Recall;
}

/** Packed rows and where they stand. */
export interface Stream { readonly x: Tensor; readonly layout: Layout; readonly rotation?: Rotation }

/** The stream attended over, and what is added to the scores, broadcast to `[B, heads, T_q, T_k]`. */
export interface Attended { readonly memory: Stream; readonly mask: Tensor }

/** `[B, key-value heads, T_k, headWidth]` each, keys after rotary positions. */
export type KeyValues = { readonly keys: Tensor; readonly values: Tensor };

/** Keys and values to attend over, given how to make those of the rows at hand. */
export type Recall = (kind: 'attn' | 'cross', layer: number, own: () => KeyValues) => KeyValues;

/** A weight of this block by its name without stack and layer. */
export function weightOf({ weights, stack, layer }: Place, name: string): Tensor {
  const weight = weights[`${stack}.${layer}.${name}`];
  if (weight === undefined) throw new Error(`weight ${stack}.${layer}.${name} is missing`);
  return weight;
}

function biasOf({ weights, stack, layer }: Place, name: string): Tensor | undefined {
  return weights[`${stack}.${layer}.${name}.bias`];
}

/** Shows h at a site and takes back what it became. */
export function show(place: Place, point: Omit<SitePoint, 'stack' | 'layer'>): Tensor {
  return place.visit({ ...point, stack: place.stack, layer: place.layer });
}

/** x W + b at a projection site. @param site null for a projection that is no site of its own (W_o) */
export function project(place: Place, name: string, site: Site | null, x: Tensor): Tensor {
  const weight = weightOf(place, `${name}.weight`);
  const bias = biasOf(place, name);
  const output = linear(x, weight, bias);
  return site === null ? output : show(place, { site, input: x, output, linear: { weight, bias } });
}

/**
 * Multi-head attention (He et al. 2021, section 2.1): softmax(Q K^T scale + mask) V per head, concatenated, times W_o.
 * Query heads share key-value heads where there are fewer of them (grouped attention).
 * @param query stream that asks, N_q rows @returns `[N_q, d]` before residual and norm
 */
export function attention(place: Place, kind: 'attn' | 'cross', query: Stream, { memory, mask }: Attended): Tensor {
  const { heads, keyValueHeads, attentionScale: scale } = place.shape;
  const q = turned(project(place, `${kind}.query`, `${kind}.query`, query.x), query);
  const own = (): KeyValues => keysAndValues(place, kind, memory);
  const { keys, values } = place.recall === undefined ? own() : place.recall(kind, place.layer, own);
  const asked = splitHeads(scale === 1 ? q : tf.mul(q, scale), heads, query.layout);
  const products = tf.matMul(grouped(asked, keyValueHeads), keys, false, true);
  const scores = tf.add(grouped(products, heads), mask); // [B, heads, T_q, T_k]
  const shares = dropout(softmax(scores), place.dropout, place.noise);
  const merged = mergeHeads(grouped(tf.matMul(grouped(shares, keyValueHeads), values), heads), query.layout);
  const view = { query: q, heads, scale, logMass: () => mergeHeads(logSumExp(scores), query.layout) };
  const context = show(place, { site: `${kind}.heads`, input: query.x, output: merged, attention: view });
  return project(place, `${kind}.out`, null, context);
}

function keysAndValues(place: Place, kind: 'attn' | 'cross', memory: Stream): KeyValues {
  const { keyValueHeads } = place.shape;
  const k = turned(project(place, `${kind}.key`, `${kind}.key`, memory.x), memory);
  const v = project(place, `${kind}.value`, `${kind}.value`, memory.x);
  return { keys: splitHeads(k, keyValueHeads, memory.layout), values: splitHeads(v, keyValueHeads, memory.layout) };
}

function turned(x: Tensor, { rotation }: Stream): Tensor {
  return rotation === undefined ? x : rotate(x, rotation);
}

/** `[B, a, T, k]` -> `[B, heads, a T / heads, k]`: neighbouring query heads ask the same keys as if they were more queries, and back. */
function grouped(x: Tensor, heads: number): Tensor {
  const [batch, a, length, width] = x.shape as [number, number, number, number];
  return a === heads ? x : tf.reshape(x, [batch, heads, a * length / heads, width]);
}
