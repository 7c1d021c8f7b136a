import { linear, logSumExp, softmax, tanh } from '../engine/layers';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { ModelShape } from '../model/shape';
import type { AttentionView } from '../model/site';
import type { Method } from './design';
import { headsFirst } from './bottleneck';
import { formName, keyValueWidth, placesOf } from './places';
import { mlpName } from './variables';

/** P_k and P_v of one place, `[l, kvHeads * dh]` each. */
export interface PrefixPair { readonly keys: Tensor; readonly values: Tensor }

/**
 * Attention over the prefix alone, softmax(scale q P_k^T) P_v per head (He et al. 2021, equation 4), with the share of the
 * whole attention's mass that falls on it. Neither tiles over the batch nor adds virtual tokens.
 */
export interface PrefixAttention {
  /** dh `[heads, N, dh]` */
  readonly change: Tensor;
  /** sigmoid(log prefix mass - log attention mass) `[heads, N, 1]` */
  readonly gate: () => Tensor;
}

export function attendPrefix({ keys, values }: PrefixPair, { query, heads, scale, logMass }: AttentionView, shape: ModelShape): PrefixAttention {
  const groups = shape.keyValueHeads;
  const rows = query.shape[0] as number;
  const width = shape.headWidth;
  // heads that share keys stand together: [kvHeads, (heads / kvHeads) N, dh]
  const q = tf.reshape(headsFirst(tf.mul(query, scale), heads), [groups, (heads / groups) * rows, width]);
  const scores = tf.matMul(q, headsFirst(keys, groups), false, true); // [kvHeads, G N, l]
  const change = tf.reshape(tf.matMul(softmax(scores), headsFirst(values, groups)), [heads, rows, width]);
  const prefixMass = (): Tensor => tf.reshape(logSumExp(scores), [heads, rows, 1]);
  return { change, gate: () => tf.sigmoid(tf.sub(prefixMass(), tf.expandDims(tf.transpose(logMass(), [1, 0]), 2))) };
}

/**
 * The prefixes of every place, by the variables' prefix (`encoder.0.attn.heads.prefix`): the free tensors, or computed once
 * from the MLPs, embedding -> linear -> tanh -> linear -> a keys and a values part for each layer.
 */
export function prefixPairs(method: Method, shape: ModelShape, tensors: Tensors): ReadonlyMap<string, PrefixPair> {
  const pairs = new Map<string, PrefixPair>();
  method.modifications.forEach((modification, index) => {
    if (modification.form.kind !== 'prefix') return;
    const form = formName(method, index);
    const { length, reparameterisation } = modification.form;
    const places = placesOf(modification, shape).map((place) => ({ name: `${place.name}.${form}`, mlp: mlpName(place, form) }));
    for (const { name } of reparameterisation.kind === 'none' ? places : []) pairs.set(name, { keys: need(tensors, `${name}.keys`), values: need(tensors, `${name}.values`) });
    for (const mlp of reparameterisation.kind === 'mlp' ? new Set(places.map((place) => place.mlp)) : []) {
      const served = places.filter((place) => place.mlp === mlp);
      const parts = runMlp(mlp, tensors, { length, layers: served.length, width: keyValueWidth(shape) });
      served.forEach(({ name }, layer) => pairs.set(name, { keys: parts[2 * layer] as Tensor, values: parts[2 * layer + 1] as Tensor }));
    }
  });
  return pairs;
}

/** 2 L tensors `[l, kvHeads * dh]`: keys and values of the first layer, keys and values of the second, ... */
function runMlp(name: string, tensors: Tensors, { length, layers, width }: { readonly length: number; readonly layers: number; readonly width: number }): readonly Tensor[] {
  const of = (part: string): Tensor => need(tensors, `${name}.${part}`);
  const hidden = tanh(linear(of('embedding'), of('hidden.weight'), of('hidden.bias')));
  const flat = linear(hidden, of('out.weight'), of('out.bias')); // [l, 2 L kvHeads dh]
  const parts = tf.split(flat, Array.from({ length: 2 * layers }, () => width), 1);
  return parts.map((part) => tf.reshape(part, [length, width]));
}

export function need(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the method's tensor ${name} is missing`);
  return tensor;
}
