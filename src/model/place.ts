import { linear } from '../engine/layers';
import type { Noise } from '../engine/random';
import type { Tensor, Tensors } from '../engine/tf';
import type { Layout } from './layout';
import type { Rotations } from './rotary';
import type { ModelShape } from './shape';
import { weightsAt } from './shapes';
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
export interface Stream {
  readonly x: Tensor;
  readonly layout: Layout;
  readonly rotations?: Rotations;
}

/** The stream attended over, and what is added to the scores of each grid, broadcast to `[size, heads, T_q, T_k]`. */
export interface Attended {
  readonly memory: Stream;
  readonly masks: readonly Tensor[];
  /** The masks hide padding and nothing else. */
  readonly hidesPaddingAlone?: boolean;
}

/** `[size, key-value heads, T_k, headWidth]` each, keys after rotary positions. */
export type KeyValues = { readonly keys: Tensor; readonly values: Tensor };

/** Keys and values to attend over, given how to make those of the rows at hand. */
export type Recall = (kind: 'attn' | 'cross', layer: number, own: () => KeyValues) => KeyValues;

/** A weight of this block by its name without stack and layer. */
export function weightOf({ shape, weights, stack, layer }: Place, name: string): Tensor {
  const full = `${weightsAt(shape, stack, layer)}.${name}`;
  const weight = weights[full];
  if (weight === undefined) throw new Error(`weight ${full} is missing`);
  return weight;
}

export function biasOf({ shape, weights, stack, layer }: Place, name: string): Tensor | undefined {
  return weights[`${weightsAt(shape, stack, layer)}.${name}.bias`];
}

/** Shows h at a site and takes back what it became. */
export function show(place: Place, point: Omit<SitePoint, 'stack' | 'layer'>): Tensor {
  return place.visit({ ...point, stack: place.stack, layer: place.layer });
}

/** x W + b at the site of one matrix, which has its name. */
export function project(place: Place, site: Site, x: Tensor): Tensor {
  const weight = weightOf(place, `${site}.weight`);
  const bias = biasOf(place, site);
  return show(place, { site, input: x, output: linear(x, weight, bias), linear: { weight, bias } });
}
