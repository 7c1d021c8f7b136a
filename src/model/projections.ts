import { linear, rmsNorm } from '../engine/layers';
import { tf, type Tensor } from '../engine/tf';
import { splitHeads } from './layout';
import { biasOf, project, weightOf, type KeyValues, type Place, type Stream } from './place';
import { rotate, rotationOf } from './rotary';
import { passes } from './site';

/**
 * What attention works with: queries times the scale and keys and values, by head, for each grid, and the plain
 * queries.
 */
export interface Projections {
  /** Queries: `[size, heads, T_q, headWidth]` */
  grids(): readonly (KeyValues & { readonly queries: Tensor })[];
  /** The same side by side `[N, 3, heads, headWidth]`, where they are computed so. */
  readonly all?: Tensor;
  /** `[N, heads * headWidth]`, made when asked for. */
  query(): Tensor;
}

/** x W + b for queries, keys and values: one product where nobody looks at them singly. */
export function projections(place: Place, kind: 'attn' | 'cross', query: Stream, memory: Stream): Projections {
  return joinable(place, kind, query, memory) ? joined(place, query) : single(place, kind, query, memory);
}

function joinable(
  { shape, layer, visit, recall }: Place,
  kind: 'attn' | 'cross',
  query: Stream,
  memory: Stream,
): boolean {
  return (
    kind === 'attn' &&
    query.x === memory.x &&
    shape.heads === shape.keyValueHeads &&
    rotationOf(shape, layer, query.rotations) === undefined &&
    !shape.queryKeyNorm &&
    recall === undefined &&
    passes(visit, 'attn.query', 'attn.key', 'attn.value')
  );
}

function single(place: Place, kind: 'attn' | 'cross', query: Stream, memory: Stream): Projections {
  const { heads, attentionScale: scale } = place.shape;
  const q = turned(place, headNorm(place, `${kind}.queryNorm`, project(place, `${kind}.query`, query.x)), query);
  const own = (): readonly KeyValues[] => keysAndValues(place, kind, memory);
  // Generation has one grid.
  const found = place.recall === undefined ? own() : [place.recall(kind, place.layer, () => own()[0] as KeyValues)];
  const asked = splitHeads(scale === 1 ? q : tf.mul(q, scale), heads, query.layout);
  const grids = asked.map((queries, g) => ({ ...(found[g] as KeyValues), queries }));
  return { grids: () => grids, query: () => q };
}

function keysAndValues(place: Place, kind: 'attn' | 'cross', memory: Stream): readonly KeyValues[] {
  const { keyValueHeads } = place.shape;
  const k = turned(place, headNorm(place, `${kind}.keyNorm`, project(place, `${kind}.key`, memory.x)), memory);
  const v = project(place, `${kind}.value`, memory.x);
  const values = splitHeads(v, keyValueHeads, memory.layout);
  return splitHeads(k, keyValueHeads, memory.layout).map((keys, g) => ({ keys, values: values[g] as Tensor }));
}

function turned({ shape, layer }: Place, x: Tensor, { rotations }: Stream): Tensor {
  const rotation = rotationOf(shape, layer, rotations);
  return rotation === undefined ? x : rotate(x, shape.headWidth, rotation);
}

/** RMS norm of each head's numbers, where the model has it. @param x `[N, heads * headWidth]` */
function headNorm(place: Place, name: string, x: Tensor): Tensor {
  const { queryKeyNorm, headWidth, norm } = place.shape;
  if (!queryKeyNorm) return x;
  const heads = tf.reshape(x, [-1, headWidth]);
  return tf.reshape(rmsNorm(heads, weightOf(place, `${name}.gain`), norm.epsilon), x.shape);
}

/** The three matrices side by side, the scale folded into the first. */
function joined(place: Place, { x, layout }: Stream): Projections {
  const { heads, headWidth, attentionScale: scale } = place.shape;
  const width = heads * headWidth;
  const side = (pick: (name: string) => Tensor, axis: number): Tensor =>
    tf.concat([scale === 1 ? pick('query') : tf.mul(pick('query'), scale), pick('key'), pick('value')], axis);
  const biased = biasOf(place, 'attn.query') !== undefined;
  const bias = biased ? side((name) => weightOf(place, `attn.${name}.bias`), 0) : undefined;
  const all = linear(
    x,
    side((name) => weightOf(place, `attn.${name}.weight`), 1),
    bias,
  ); // [N, 3 width]
  const rows = x.shape[0] as number;
  const grids = (): ReturnType<Projections['grids']> => {
    const [queries, keys, values] = layout.spreadHeads(all, 3, heads) as readonly [
      readonly Tensor[],
      readonly Tensor[],
      readonly Tensor[],
    ];
    return layout.grids.map((_, g) => ({
      queries: queries[g] as Tensor,
      keys: keys[g] as Tensor,
      values: values[g] as Tensor,
    }));
  };
  return {
    grids,
    all: tf.reshape(all, [rows, 3, heads, headWidth]),
    query: () => tf.div(tf.slice(all, [0, 0], [rows, width]), scale),
  };
}
