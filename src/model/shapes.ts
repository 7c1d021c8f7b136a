import type { Distances, ModelShape } from './shape';
import type { Stack } from './site';

export { knownShapes } from './known';

/** Shape of every weight by its canonical name. Linear maps are y = xW + b with W `[in, out]`. */
export type WeightShapes = Readonly<Record<string, readonly number[]>>;

/** Layers of a stack. */
export function layersOf(shape: ModelShape, stack: Stack): number {
  return stack === 'encoder' ? shape.encoderLayers : shape.decoderLayers;
}

/** The stacks that the model has. */
export function stacksOf(shape: ModelShape): readonly Stack[] {
  return (['encoder', 'decoder'] as const).filter((stack) => layersOf(shape, stack) > 0);
}

/** e: width of the word, position and type tables. */
export function tableWidth({ embeddingWidth, width }: ModelShape): number {
  return embeddingWidth ?? width;
}

/** Layers of a stack that have weights of their own. */
function ownLayersOf(shape: ModelShape, stack: Stack): number {
  return shape.sharedLayers ? Math.min(1, layersOf(shape, stack)) : layersOf(shape, stack);
}

/** What stands before the names of a layer's weights: all layers have those of the first where they share them. */
export function weightsAt({ sharedLayers }: ModelShape, stack: Stack, layer: number): string {
  return `${stack}.${sharedLayers ? 0 : layer}`;
}

/** Whether self-attention of a layer sees near tokens alone. */
export function isWindowed({ window }: ModelShape, layer: number): boolean {
  return window !== null && window.layers.includes(layer);
}

/** The biases by distance that a stack's scores have. */
export function distancesOf({ positions }: ModelShape): Distances | undefined {
  if (positions.kind === 'relative') return positions;
  return positions.kind === 'learned' ? positions.distances : undefined;
}

/** The longest text that the model computes exactly, prompts not counted; undefined for any. */
export function longestText({ positions }: ModelShape): number | undefined {
  switch (positions.kind) {
    case 'learned':
      return positions.rows - positions.offset;
    case 'sinusoidal':
      return positions.rows;
    case 'rotary':
      return positions.longest ?? undefined;
    case 'relative':
      return undefined;
  }
}

export function hasCrossAttention(shape: ModelShape): boolean {
  return shape.encoderLayers > 0 && shape.decoderLayers > 0;
}

/** Names and shapes of all weights that belong to the backbone, a tied output head counted once. */
export function weightShapes(shape: ModelShape): WeightShapes {
  const known = madeOf.get(shape);
  if (known) return known;
  const made = allShapes(shape);
  madeOf.set(shape, made);
  return made;
}

/** Counting asks for those of one shape again and again. */
const madeOf = new WeakMap<ModelShape, WeightShapes>();

function allShapes(shape: ModelShape): WeightShapes {
  const stacks = stacksOf(shape);
  return {
    ...embeddings(shape),
    ...(Object.assign({}, ...stacks.map((stack) => stackWeights(shape, stack))) as WeightShapes),
    ...(shape.pooler ? linear('pooler', shape.width, shape.width, true) : {}),
    ...(shape.output.kind === 'own' ? { 'output.weight': [shape.width, shape.vocabulary] } : {}),
  };
}

/** Names and shapes of stored numbers that the model reads but that are no parameters. */
export function bufferShapes(shape: ModelShape): WeightShapes {
  const { output, vocabulary } = shape;
  return { ...(output.fixedBias === true ? { 'output.fixedBias': [1, vocabulary] } : {}), ...madeShapes(shape) };
}

/** Those of them that are made from the shape where a file does not hold them. */
export function madeShapes(shape: ModelShape): WeightShapes {
  const { positions, width } = shape;
  if (positions.kind !== 'sinusoidal') return {};
  const names = hasCrossAttention(shape) ? stacksOf(shape).map((stack) => `${stack}.position`) : ['embedding.position'];
  return Object.fromEntries(names.map((name) => [name, [positions.rows, width]]));
}

/** Parameters of the frozen model, in closed form: what `weightShapes` sums to. */
export function backbone(shape: ModelShape): number {
  const { width: d, vocabulary, positions, tokenTypes } = shape;
  const stacks = stacksOf(shape);
  const e = tableWidth(shape);
  const tables = positions.kind === 'learned' ? stacks.length * positions.rows * e : 0;
  const relative = stacks.length * (distancesOf(shape)?.buckets ?? 0) * shape.heads;
  const blocks = stacks.map((stack) => ownLayersOf(shape, stack) * blockSize(shape, stack));
  const norms = (shape.embeddingNorm ? normSize(shape, e) : 0) + (shape.norm.final ? normSize(shape, d) : 0);
  return (
    (shape.decoderWords === true ? 2 : 1) * vocabulary * e +
    tables +
    tokenTypes * e +
    (shape.embeddingWidth === null ? 0 : e * d + d) +
    relative +
    blocks.reduce((sum, size) => sum + size, 0) +
    stacks.length * norms -
    (shape.norm.first ? 0 : stacks.length * normSize(shape, d)) +
    (shape.pooler ? d * d + d : 0) +
    (shape.output.kind === 'own' ? vocabulary * d : 0)
  );
}

function blockSize(shape: ModelShape, stack: Stack): number {
  const attention = attentionSize(shape);
  const norms = normSize(shape, shape.width) * (shape.norm.output ? 2 : 1);
  const cross = stack === 'decoder' && hasCrossAttention(shape) ? attention + norms : 0;
  return attention + cross + ffnSize(shape) + 2 * norms;
}

function normSize({ norm }: ModelShape, width: number): number {
  return norm.bias ? 2 * width : width;
}

function attentionSize(shape: ModelShape): number {
  const { width: d, headWidth, biases } = shape;
  const query = shape.heads * headWidth;
  const keyValue = shape.keyValueHeads * headWidth;
  return (
    2 * d * query +
    2 * d * keyValue +
    (biases.projections ? query + 2 * keyValue : 0) +
    (biases.out ? d : 0) +
    (shape.queryKeyNorm ? 2 * headWidth : 0)
  );
}

function ffnSize({ width: d, ffnWidth: m, gatedFfn, biases }: ModelShape): number {
  const ups = gatedFfn ? 2 : 1;
  return (ups + 1) * d * m + (biases.ffn ? ups * m + d : 0);
}

function embeddings(shape: ModelShape): WeightShapes {
  const { positions } = shape;
  const e = tableWidth(shape);
  const table = [shape.vocabulary, e];
  const word = { 'embedding.word': table, ...(shape.decoderWords === true ? { 'decoder.word': table } : {}) };
  const types: WeightShapes = shape.tokenTypes > 0 ? { 'embedding.type': [shape.tokenTypes, e] } : {};
  const ownTables = hasCrossAttention(shape);
  const prefixes = ownTables
    ? stacksOf(shape).map((stack) => [`${stack}.position`, `${stack}.embeddingNorm`])
    : [['embedding.position', 'embedding.norm']];
  const parts = prefixes.map(([position, name]) => ({
    ...(positions.kind === 'learned' ? { [position as string]: [positions.rows, e] } : {}),
    ...(shape.embeddingNorm ? norm(name as string, shape, e) : {}),
  }));
  const project = shape.embeddingWidth === null ? {} : linear('embedding.project', e, shape.width, true);
  return { ...word, ...types, ...(Object.assign({}, ...parts) as WeightShapes), ...project };
}

function stackWeights(shape: ModelShape, stack: Stack): WeightShapes {
  const layers = Array.from({ length: ownLayersOf(shape, stack) }, (_, layer) => blockWeights(shape, stack, layer));
  const distances = distancesOf(shape);
  const relative = distances === undefined ? {} : { [`${stack}.relative`]: [distances.buckets, shape.heads] };
  const final = shape.norm.final ? norm(`${stack}.norm`, shape) : {};
  return { ...relative, ...(Object.assign({}, ...layers) as WeightShapes), ...final };
}

function blockWeights(shape: ModelShape, stack: Stack, layer: number): WeightShapes {
  const at = `${stack}.${layer}`;
  const { width: d, ffnWidth: m, biases } = shape;
  const cross = stack === 'decoder' && hasCrossAttention(shape);
  return {
    ...attention(`${at}.attn`, shape, layer > 0 || shape.norm.first),
    ...(cross ? attention(`${at}.cross`, shape, true) : {}),
    ...linear(`${at}.ffn.up`, d, m, biases.ffn),
    ...(shape.gatedFfn ? linear(`${at}.ffn.gate`, d, m, biases.ffn) : {}),
    ...linear(`${at}.ffn.down`, m, d, biases.ffn),
    ...norm(`${at}.ffn.norm`, shape),
    ...(shape.norm.output ? norm(`${at}.ffn.outputNorm`, shape) : {}),
  };
}

function attention(at: string, shape: ModelShape, normed: boolean): WeightShapes {
  const { width: d, headWidth, biases } = shape;
  const query = shape.heads * headWidth;
  const keyValue = shape.keyValueHeads * headWidth;
  const heads = { [`${at}.queryNorm.gain`]: [headWidth], [`${at}.keyNorm.gain`]: [headWidth] };
  return {
    ...linear(`${at}.query`, d, query, biases.projections),
    ...linear(`${at}.key`, d, keyValue, biases.projections),
    ...linear(`${at}.value`, d, keyValue, biases.projections),
    ...linear(`${at}.out`, query, d, biases.out),
    ...(shape.queryKeyNorm ? heads : {}),
    ...(normed ? norm(`${at}.norm`, shape) : {}),
    ...(shape.norm.output ? norm(`${at}.outputNorm`, shape) : {}),
  };
}

function linear(name: string, from: number, to: number, biased: boolean): WeightShapes {
  return { [`${name}.weight`]: [from, to], ...(biased ? { [`${name}.bias`]: [to] } : {}) };
}

function norm(name: string, shape: ModelShape, width = shape.width): WeightShapes {
  return { [`${name}.gain`]: [width], ...(shape.norm.bias ? { [`${name}.bias`]: [width] } : {}) };
}
