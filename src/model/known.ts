import { plainRotary } from './rope';
import { biasesOn, type ModelShape } from './shape';

const layer = { kind: 'layer', epsilon: 1e-5, bias: true, output: false, first: true } as const;
const post = { ...layer, place: 'post', final: false } as const;
const pre = { ...layer, place: 'pre', final: true } as const;
const rms = { ...pre, kind: 'rms', epsilon: 1e-6, bias: false } as const;

/** Every width of multi-head attention with d / N_h wide heads and a feed-forward of 4d. */
function widths(width: number, heads: number, ffnWidth = 4 * width) {
  const headWidth = width / heads;
  return { width, heads, keyValueHeads: heads, headWidth, ffnWidth, attentionScale: 1 / Math.sqrt(headWidth) };
}

function bert(layers: number, width: number, heads: number): ModelShape {
  return {
    family: 'bert',
    ...widths(width, heads),
    encoderLayers: layers,
    decoderLayers: 0,
    vocabulary: 30522,
    positions: { kind: 'learned', rows: 512, offset: 0 },
    tokenTypes: 2,
    embeddingWidth: null,
    norm: { ...post, epsilon: 1e-12 },
    embeddingNorm: true,
    embeddingScale: 1,
    activation: 'gelu',
    gatedFfn: false,
    biases: biasesOn(true),
    queryKeyNorm: false,
    softCap: { attention: null, output: null },
    window: null,
    parallel: false,
    sharedLayers: false,
    pooler: true,
    output: { kind: 'none', scale: 1 },
    pooling: 'first',
  };
}

function roberta(layers: number, width: number, heads: number): ModelShape {
  return {
    ...bert(layers, width, heads),
    family: 'roberta',
    vocabulary: 50265,
    positions: { kind: 'learned', rows: 514, offset: 2, padding: 1 },
    tokenTypes: 1,
    norm: post,
  };
}

function bart(layers: number, width: number, heads: number): ModelShape {
  return {
    ...bert(layers, width, heads),
    family: 'bart',
    decoderLayers: layers,
    vocabulary: 50265,
    positions: { kind: 'learned', rows: 1026, offset: 2 },
    tokenTypes: 0,
    norm: post,
    pooler: false,
    output: { kind: 'tied', scale: 1 },
    pooling: 'last',
  };
}

function gpt2(layers: number, width: number, heads: number): ModelShape {
  return {
    ...bert(0, width, heads),
    family: 'gpt2',
    decoderLayers: layers,
    vocabulary: 50257,
    positions: { kind: 'learned', rows: 1024, offset: 0 },
    tokenTypes: 0,
    norm: pre,
    embeddingNorm: false,
    activation: 'geluTanh',
    pooler: false,
    output: { kind: 'tied', scale: 1 },
    pooling: 'last',
  };
}

function t5(layers: number, width: number, heads: number): ModelShape {
  return {
    ...bart(layers, width, heads),
    family: 't5',
    vocabulary: 32128,
    headWidth: 64,
    attentionScale: 1,
    positions: { kind: 'relative', buckets: 32, maxDistance: 128 },
    norm: rms,
    embeddingNorm: false,
    activation: 'relu',
    biases: biasesOn(false),
    output: { kind: 'tied', scale: 1 / Math.sqrt(width) },
  };
}

function llama(layers: number, width: number, heads: number, ffnWidth: number): ModelShape {
  return {
    ...gpt2(layers, width, heads),
    family: 'llama',
    ffnWidth,
    vocabulary: 32000,
    positions: plainRotary(1e4),
    norm: rms,
    activation: 'silu',
    gatedFfn: true,
    biases: biasesOn(false),
    output: { kind: 'own', scale: 1 },
  };
}

/** The models that this project pretrains itself, by data/pretraining. */
const petlMini: ModelShape = {
  ...bart(4, 256, 8),
  vocabulary: 8192,
  positions: { kind: 'learned', rows: 258, offset: 2 },
};
const petlMini2: ModelShape = { ...petlMini, vocabulary: 12288 };
const petlMiniLm: ModelShape = {
  ...gpt2(6, 256, 4),
  vocabulary: 8192,
  positions: { kind: 'learned', rows: 512, offset: 0 },
};

const smolLm2: ModelShape = {
  ...llama(30, 576, 9, 1536),
  keyValueHeads: 3,
  vocabulary: 49152,
  norm: { ...rms, epsilon: 1e-5 },
  positions: plainRotary(1e5),
  output: { kind: 'tied', scale: 1 },
};

/** The shapes of well-known backbones, by the names the command line takes. */
export const knownShapes: Readonly<Record<string, ModelShape>> = {
  'minilm-l6': { ...bert(6, 384, 12), pooling: 'mean' },
  'minilm-l3': { ...bert(3, 384, 12), pooling: 'mean' },
  'bert-base-uncased': bert(12, 768, 12),
  'bert-large-uncased': bert(24, 1024, 16),
  'distilbert-base-uncased': { ...bert(6, 768, 12), family: 'distilbert', tokenTypes: 0, pooler: false },
  'roberta-base': roberta(12, 768, 12),
  'roberta-large': roberta(24, 1024, 16),
  'bart-base': bart(6, 768, 12),
  'bart-large': bart(12, 1024, 16),
  'mbart-large-cc25': { ...bart(12, 1024, 16), family: 'mbart', vocabulary: 250027, norm: pre, embeddingScale: 32 },
  't5-small': { ...t5(6, 512, 8), ffnWidth: 2048 },
  't5-base': { ...t5(12, 768, 12), ffnWidth: 3072 },
  't5-v1_1-small': {
    ...t5(8, 512, 6),
    ffnWidth: 1024,
    activation: 'geluTanh',
    gatedFfn: true,
    output: { kind: 'own', scale: 1 },
  },
  gpt2: gpt2(12, 768, 12),
  'gpt2-medium': gpt2(24, 1024, 16),
  'gpt2-large': gpt2(36, 1280, 20),
  'gpt2-xl': gpt2(48, 1600, 25),
  'llama-7b': llama(32, 4096, 32, 11008),
  'smollm2-135m': smolLm2,
  'smollm2-135m-random': smolLm2,
  'petl-mini-seq2seq': petlMini,
  'petl-mini-seq2seq-random': petlMini,
  'petl-mini-seq2seq-2': petlMini2,
  'petl-mini-seq2seq-2-random': petlMini2,
  'petl-mini-lm': petlMiniLm,
  'petl-mini-lm-random': petlMiniLm,
};
