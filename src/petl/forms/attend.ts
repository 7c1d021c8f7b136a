import { attend, isForOneKernel, linear, logSumExp, softmax, tanh } from '../../engine/layers';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import type { ModelShape } from '../../model/shape';
import type { AttentionView } from '../../model/site';
import type { Method } from '../design/types';
import { headsFirst } from './bottleneck';
import { formName, keyValueWidth, placesOf } from '../design/places';
import { mlpName } from './variables';

/** P_k and P_v of one place, `[l, kvHeads * dh]` each. */
export interface PrefixPair {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/**
 * Attention over the prefix alone, softmax(scale q P_k^T) P_v per head (He et al. 2021, equation 4), with the share of
 * the
 * whole attention's mass that falls on it. Neither tiles over the batch nor adds virtual tokens.
 */
export interface PrefixAttention {
  /** dh `[N, heads, dh]` */
  readonly change: Tensor;
  /** sigmoid(log prefix mass - log attention mass) `[N, heads, 1]` */
  readonly gate: () => Tensor;
}

export function attendPrefix(
  { keys, values }: PrefixPair,
  { query, heads, scale, softCap, logMass }: AttentionView,
  { keyValueHeads }: ModelShape,
): PrefixAttention {
  const asked = {
    queries: headsFirst(tf.mul(query, scale), heads),
    keys: headsFirst(keys, keyValueHeads),
    values: headsFirst(values, keyValueHeads),
    cap: softCap,
  };
  const { context, mass } = attendByOneKernel(asked) ?? attendByOps(asked);
  const byRow = (x: Tensor): Tensor => tf.transpose(x, [1, 0, 2]);
  return { change: byRow(context), gate: () => tf.sigmoid(tf.sub(byRow(mass()), tf.expandDims(logMass(), 2))) };
}

/** Scaled queries `[heads, N, dh]`; keys and values `[kvHeads, l, dh]`. */
interface Asked {
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** The model's soft cap of scores. */
  readonly cap: number | null;
}
/** `[heads, N, dh]`, and the log mass `[heads, N, 1]`. */
interface Answer {
  readonly context: Tensor;
  readonly mass: () => Tensor;
}

function attendByOps({ queries, keys, values, cap }: Asked): Answer {
  const [heads, rows, width] = queries.shape as [number, number, number];
  const groups = keys.shape[0] as number;
  // heads that share keys stand together: [kvHeads, (heads / kvHeads) N, dh]
  const plain = tf.matMul(tf.reshape(queries, [groups, (heads / groups) * rows, width]), keys, false, true); // [kvHeads, G N, l]
  const scores = cap === null ? plain : tf.mul(tanh(tf.div(plain, cap)), cap);
  const context = tf.reshape(tf.matMul(softmax(scores), values), [heads, rows, width]);
  return { context, mass: () => tf.reshape(logSumExp(scores), [heads, rows, 1]) };
}

/** As attention of one sequence, all tokens asking; undefined where there is no kernel for it. */
function attendByOneKernel({ queries, keys, values, cap }: Asked): Answer | undefined {
  if (cap !== null) return undefined;
  const [heads, rows, width] = queries.shape as [number, number, number];
  const asked = {
    queries: tf.expandDims(queries, 0),
    keys: tf.expandDims(keys, 0),
    values: tf.expandDims(values, 0),
    mask: tf.zeros([1, 1, 1, 1]),
  };
  if (!isForOneKernel(asked)) return undefined;
  const both = tf.reshape(attend(asked, undefined, true), [heads, rows, width + 1]);
  return {
    context: tf.slice(both, [0, 0, 0], [-1, -1, width]),
    mass: () => tf.slice(both, [0, 0, width], [-1, -1, 1]),
  };
}

/**
 * The prefixes of every place, by the variables' prefix (`encoder.0.attn.heads.prefix`): the free tensors, or computed
 * once
 * from the MLPs, embedding -> linear -> tanh -> linear -> a keys and a values part for each layer.
 */
export function prefixPairs(method: Method, shape: ModelShape, tensors: Tensors): ReadonlyMap<string, PrefixPair> {
  const pairs = new Map<string, PrefixPair>();
  method.modifications.forEach((modification, index) => {
    if (modification.form.kind !== 'prefix') return;
    const form = formName(method, index);
    const { length, reparameterisation } = modification.form;
    const places = placesOf(modification, shape).map((place) => ({
      name: `${place.name}.${form}`,
      mlp: mlpName(place, form),
    }));
    for (const { name } of reparameterisation.kind === 'none' ? places : [])
      pairs.set(name, { keys: need(tensors, `${name}.keys`), values: need(tensors, `${name}.values`) });
    for (const mlp of reparameterisation.kind === 'mlp' ? new Set(places.map((place) => place.mlp)) : []) {
      const served = places.filter((place) => place.mlp === mlp);
      const parts = runMlp(mlp, tensors, { length, layers: served.length, width: keyValueWidth(shape) });
      served.forEach(({ name }, layer) =>
        pairs.set(name, { keys: parts[2 * layer] as Tensor, values: parts[2 * layer + 1] as Tensor }),
      );
    }
  });
  return pairs;
}

/** 2 L tensors `[l, kvHeads * dh]`: keys and values of the first layer, keys and values of the second, ... */
function runMlp(
  name: string,
  tensors: Tensors,
  { length, layers, width }: { readonly length: number; readonly layers: number; readonly width: number },
): readonly Tensor[] {
  const of = (part: string): Tensor => need(tensors, `${name}.${part}`);
  const hidden = tanh(linear(of('embedding'), of('hidden.weight'), of('hidden.bias')));
  const flat = linear(hidden, of('out.weight'), of('out.bias')); // [l, 2 L kvHeads dh]
  const parts = tf.split(
    flat,
    Array.from({ length: 2 * layers }, () => width),
    1,
  );
  return parts.map((part) => tf.reshape(part, [length, width]));
}

export function need(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the method's tensor ${name} is missing`);
  return tensor;
}
