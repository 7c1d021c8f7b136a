import type { ModelShape } from './shape';
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

export function hasCrossAttention(shape: ModelShape): boolean {
  return shape.encoderLayers > 0 && shape.decoderLayers > 0;
}

/** Names and shapes of all weights that belong to the backbone, a tied output head counted once. */
export function weightShapes(shape: ModelShape): WeightShapes {
  const stacks = stacksOf(shape);
  return {
    ...embeddings(shape),
    ...(Object.assign({}, ...stacks.map((stack) => stackWeights(shape, stack))) as WeightShapes),
    ...(shape.pooler ? linear('pooler', shape.width, shape.width, true) : {}),
    ...(shape.output.kind === 'own' ? { 'output.weight': [shape.width, shape.vocabulary] } : {}),
  };
}

/** Names and shapes of stored numbers that the model reads but that are no parameters. */
export function bufferShapes({ output, vocabulary }: ModelShape): WeightShapes {
  return output.fixedBias === true ? { 'output.fixedBias': [1, vocabulary] } : {};
}

/** Parameters of the frozen model, in closed form: what `weightShapes` sums to. */
export function backbone(shape: ModelShape): number {
  const { width: d, vocabulary, positions, tokenTypes, encoderLayers, decoderLayers } = shape;
  const stacks = stacksOf(shape).length;
  const norm = normSize(shape);
  const tables = positions.kind === 'learned' ? stacks * positions.rows * d : 0;
  const relative = positions.kind === 'relative' ? stacks * positions.buckets * shape.heads : 0;
  const block = attentionSize(shape) + ffnSize(shape) + 2 * norm;
  const cross = hasCrossAttention(shape) ? decoderLayers * (attentionSize(shape) + norm) : 0;
  const norms = (shape.embeddingNorm ? stacks * norm : 0) + (shape.norm.final ? stacks * norm : 0);
  return (
    (shape.decoderWords === true ? 2 : 1) * vocabulary * d +
    tables +
    tokenTypes * d +
    relative +
    (encoderLayers + decoderLayers) * block +
    cross +
    norms +
    (shape.pooler ? d * d + d : 0) +
    (shape.output.kind === 'own' ? vocabulary * d : 0)
  );
}

function normSize(shape: ModelShape): number {
  return shape.norm.kind === 'layer' ? 2 * shape.width : shape.width;
}

function attentionSize(shape: ModelShape): number {
  const d = shape.width;
  const query = shape.heads * shape.headWidth;
  const keyValue = shape.keyValueHeads * shape.headWidth;
  return 2 * d * query + 2 * d * keyValue + (shape.biases ? query + 2 * keyValue + d : 0);
}

function ffnSize(shape: ModelShape): number {
  const { width: d, ffnWidth: m } = shape;
  return (shape.gatedFfn ? 3 : 2) * d * m + (shape.biases ? m + d : 0);
}

function embeddings(shape: ModelShape): WeightShapes {
  const { width: d, positions } = shape;
  const table = [shape.vocabulary, d];
  const word = { 'embedding.word': table, ...(shape.decoderWords === true ? { 'decoder.word': table } : {}) };
  const types: WeightShapes = shape.tokenTypes > 0 ? { 'embedding.type': [shape.tokenTypes, d] } : {};
  const ownTables = hasCrossAttention(shape);
  const prefixes = ownTables
    ? stacksOf(shape).map((stack) => [`${stack}.position`, `${stack}.embeddingNorm`])
    : [['embedding.position', 'embedding.norm']];
  const parts = prefixes.map(([position, name]) => ({
    ...(positions.kind === 'learned' ? { [position as string]: [positions.rows, d] } : {}),
    ...(shape.embeddingNorm ? norm(name as string, shape) : {}),
  }));
  return { ...word, ...types, ...(Object.assign({}, ...parts) as WeightShapes) };
}

function stackWeights(shape: ModelShape, stack: Stack): WeightShapes {
  const layers = Array.from({ length: layersOf(shape, stack) }, (_, layer) => blockWeights(shape, stack, layer));
  const relative =
    shape.positions.kind === 'relative' ? { [`${stack}.relative`]: [shape.positions.buckets, shape.heads] } : {};
  const final = shape.norm.final ? norm(`${stack}.norm`, shape) : {};
  return { ...relative, ...(Object.assign({}, ...layers) as WeightShapes), ...final };
}

function blockWeights(shape: ModelShape, stack: Stack, layer: number): WeightShapes {
  const at = `${stack}.${layer}`;
  const { width: d, ffnWidth: m, biases } = shape;
  const cross = stack === 'decoder' && hasCrossAttention(shape);
  return {
    ...attention(`${at}.attn`, shape),
    ...(cross ? attention(`${at}.cross`, shape) : {}),
    ...linear(`${at}.ffn.up`, d, m, biases),
    ...(shape.gatedFfn ? linear(`${at}.ffn.gate`, d, m, false) : {}),
    ...linear(`${at}.ffn.down`, m, d, biases),
    ...norm(`${at}.ffn.norm`, shape),
  };
}

function attention(at: string, shape: ModelShape): WeightShapes {
  const { width: d, biases } = shape;
  const query = shape.heads * shape.headWidth;
  const keyValue = shape.keyValueHeads * shape.headWidth;
  return {
    ...linear(`${at}.query`, d, query, biases),
    ...linear(`${at}.key`, d, keyValue, biases),
    ...linear(`${at}.value`, d, keyValue, biases),
    ...linear(`${at}.out`, query, d, biases),
    ...norm(`${at}.norm`, shape),
  };
}

function linear(name: string, from: number, to: number, biased: boolean): WeightShapes {
  return { [`${name}.weight`]: [from, to], ...(biased ? { [`${name}.bias`]: [to] } : {}) };
}

function norm(name: string, shape: ModelShape): WeightShapes {
  return {
    [`${name}.gain`]: [shape.width],
    ...(shape.norm.kind === 'layer' ? { [`${name}.bias`]: [shape.width] } : {}),
  };
}
