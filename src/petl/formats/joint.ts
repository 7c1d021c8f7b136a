import { UserError } from '../../errors';
import { weightShapes } from '../../model/shapes';
import { cannot, type Base } from './base';
import { blockParts, modulePath, type BlockPart } from './modules';
import type { Piece } from './pieces';
import { beside, filled, rows, stacked, type Values } from './values';

/** The parts of one module of theirs, in order; several of ours where the model keeps query, key and value in one. */
export type Places = readonly { readonly at: BlockPart; readonly piece: Piece | undefined }[];

/** The modules that pieces change, each with all its parts. */
export function modulesOf(
  pieces: readonly Piece[],
  { shape }: Base,
): readonly (readonly [module: string, places: Places])[] {
  const modules = new Map<string, { at: BlockPart; piece: Piece | undefined }[]>();
  for (const at of blockParts(shape)) {
    const path = modulePath(shape, at);
    const [piece, another] = pieces.filter(
      ({ stack, layer, site }) => stack === at.stack && layer === at.layer && site === at.part,
    );
    if (another !== undefined) throw cannot(`two changes of ${path}`, 'a folder holds one change of each matrix');
    modules.set(path, [...(modules.get(path) ?? []), { at, piece }]);
  }
  return [...modules].filter(([, places]) => places.some(({ piece }) => piece !== undefined));
}

/** A change of a matrix `[in, out]` by B A: a `[r, in]`, b `[out, r]`. */
export interface Pair {
  readonly a: Values;
  readonly b: Values;
}

/**
 * The pairs of a module's parts as one: the As below each other, the Bs in blocks, zeros for a part that nothing
 * changes.
 */
export function joint(places: Places, base: Base, pairOf: (piece: Piece) => Pair): Pair {
  const pairs = places.map(({ piece }) => (piece === undefined ? undefined : pairOf(piece)));
  const present = pairs.flatMap((pair) => (pair === undefined ? [] : [pair.a]));
  const total = present.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
  let before = 0;
  const blocks = places.map(({ at }, i) => {
    const b = pairs[i]?.b ?? filled([outOf(at, base), 0], 0);
    const block = widened(b, before, total);
    before += b.shape[1] as number;
    return block;
  });
  return { a: stacked(present), b: together(blocks, base) };
}

/**
 * The rows of a module's tensor that are each part's. GPT-NeoX keeps query, key and value of each head together.
 * @throws UserError where the module of this model has another number of rows
 */
export function cut(values: Values, places: readonly BlockPart[], base: Base): readonly Values[] {
  if (places.length === 1) return [values];
  const sizes = places.map((at) => outOf(at, base));
  const whole = sizes.reduce((a, b) => a + b, 0);
  if (values.shape[0] !== whole)
    throw new UserError(
      `${modulePath(base.shape, places[0] as BlockPart)} has ${whole} rows in this model, the adapter has ${values.shape[0] ?? 0}: load it on the model it was trained on`,
    );
  return byParts(regrouped(values, places.length, base), places, base);
}

/** Rows that stand part after part, whatever their order in the module. */
export function byParts(values: Values, places: readonly BlockPart[], base: Base): readonly Values[] {
  let from = 0;
  return places.map((at) => rows(values, from, (from += outOf(at, base))));
}

/** The rows of a module's parts as the module has them. */
export function together(parts: readonly Values[], base: Base): Values {
  return regrouped(stacked(parts), parts.length, base, 'back');
}

/** Rows `[heads, parts, width]` as `[parts, heads, width]`, or back. */
export function regrouped(values: Values, parts: number, { shape }: Base, back?: 'back'): Values {
  if (shape.family !== 'gpt_neox' || parts < 2) return values;
  const [outer, inner] = back === undefined ? [shape.heads, parts] : [parts, shape.heads];
  const size = (values.shape[0] as number) / (outer * inner);
  const order = Array.from({ length: inner }, (_, i) => Array.from({ length: outer }, (_, o) => o * inner + i)).flat();
  return { shape: values.shape, values: stacked(order.map((at) => rows(values, at * size, (at + 1) * size))).values };
}

/** Columns of zeros on both sides, `total` columns in all. */
export function widened(b: Values, before: number, total: number): Values {
  const [height, r] = b.shape as [number, number];
  const parts = [filled([height, before], 0), b, filled([height, total - before - r], 0)].filter(
    ({ shape }) => (shape[1] as number) > 0,
  );
  return beside(parts);
}

/** Width of what a part puts out. */
export function outOf({ stack, layer, part }: BlockPart, { shape }: Base): number {
  return weightShapes(shape)[`${stack}.${layer}.${part}.weight`]?.[1] ?? shape.width;
}

/** Width of what a part reads. */
export function inOf({ stack, layer, part }: BlockPart, { shape }: Base): number {
  return weightShapes(shape)[`${stack}.${layer}.${part}.weight`]?.[0] ?? shape.width;
}

/** The frozen matrix of a part, `[in, out]`. */
export function weightOf(at: BlockPart, base: Base): Values {
  return { shape: [inOf(at, base), outOf(at, base)], values: base.weight(`${at.stack}.${at.layer}.${at.part}.weight`) };
}
