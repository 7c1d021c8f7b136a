import { hasCrossAttention, layersOf, stacksOf, tableWidth, weightsAt } from '../../model/shapes';
import type { ModelShape } from '../../model/shape';
import type { Site, Stack } from '../../model/site';
import type { Layers, Method, Modification, Reads } from './types';

/** One hidden vector that a modification changes. */
export interface Place {
  readonly stack: Stack;
  readonly layer: number;
  readonly site: Site;
  /** Width of what the form reads. */
  readonly reads: number;
  /** Width of h. */
  readonly out: number;
  /** `encoder.3.attn.query`, `decoder.embedding` */
  readonly name: string;
  /** Name of the matrix that makes h at a projection: `encoder.3.attn.query.weight`, another layer's where all share one. */
  readonly weight: string;
}

/** Every place of a modification in a model, first layer first; sites and stacks that the model lacks have none. */
export function placesOf(modification: Modification, shape: ModelShape): readonly Place[] {
  const { site, layers } = modification;
  return modification.stacks
    .filter((stack) => hasSite(shape, stack, site))
    .flatMap((stack) => {
      const all = Array.from({ length: site === 'embedding' ? 1 : layersOf(shape, stack) }, (_, layer) => layer);
      return all.filter((layer) => named(layers, layer)).map((layer) => placeAt(modification, shape, stack, layer));
    });
}

function named(layers: Layers, layer: number): boolean {
  if (layers === 'all') return true;
  return 'from' in layers ? layer >= layers.from : layers.includes(layer);
}

/** `encoder.3.attn.query`; the embedding has no layer. */
export function placeName(stack: Stack, layer: number, site: Site): string {
  return site === 'embedding' ? `${stack}.embedding` : `${stack}.${layer}.${site}`;
}

/**
 * The part of a variable's name that tells a method's forms at one site apart: `bottleneck`, `bottleneck2`, `prefix`.
 */
export function formName(method: Pick<Method, 'modifications'>, index: number): string {
  const { site, form } = method.modifications[index] as Modification;
  const earlier = method.modifications
    .slice(0, index)
    .filter((other) => other.site === site && other.form.kind === form.kind);
  return earlier.length === 0 ? form.kind : `${form.kind}${earlier.length + 1}`;
}

/** Widths of x and h at a site. */
export function siteWidths(shape: ModelShape, site: Site): { readonly x: number; readonly h: number } {
  const { width, ffnWidth } = shape;
  const part = site.replace(/^(attn|cross)\./, '');
  if (part === 'query' || part === 'heads') return { x: width, h: shape.heads * shape.headWidth };
  if (part === 'key' || part === 'value') return { x: width, h: keyValueWidth(shape) };
  if (part === 'out') return { x: shape.heads * shape.headWidth, h: width };
  if (part === 'ffn.up' || part === 'ffn.gate' || part === 'ffn.mid') return { x: width, h: ffnWidth };
  if (part === 'embedding') return { x: tableWidth(shape), h: width };
  return part === 'ffn.down' ? { x: ffnWidth, h: width } : { x: width, h: width };
}

/** Width of all key-value heads: what a prefix of one layer is made of. */
export function keyValueWidth(shape: ModelShape): number {
  return shape.keyValueHeads * shape.headWidth;
}

/** Width of what the form reads at a site. */
export function readWidth(shape: ModelShape, site: Site, reads: Reads): number {
  const { x, h } = siteWidths(shape, site);
  switch (reads) {
    case 'x':
      return x;
    case 'h':
    case 'segment':
      return h;
    case 'query':
    case 'query(norm(x))':
      return shape.heads * shape.headWidth;
    case 'residual':
    case 'h+residual':
    case 'norm(h+residual)':
      return shape.width;
  }
}

/** Whether a stack of the model has a site. */
export function hasSite(shape: ModelShape, stack: Stack, site: Site): boolean {
  if (!stacksOf(shape).includes(stack)) return false;
  if (site === 'ffn.gate') return shape.gatedFfn;
  return !site.startsWith('cross') || (stack === 'decoder' && hasCrossAttention(shape));
}

/** Sites that some models lack: a method may name them beside others and serve those models without them. */
export const isOptional = (site: Site): boolean => site.startsWith('cross') || site === 'ffn.gate';

function placeAt({ site, reads }: Modification, shape: ModelShape, stack: Stack, layer: number): Place {
  return {
    stack,
    layer,
    site,
    reads: readWidth(shape, site, reads),
    out: siteWidths(shape, site).h,
    name: placeName(stack, layer, site),
    weight: `${weightsAt(shape, stack, layer)}.${site}.weight`,
  };
}
