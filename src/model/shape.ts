/**
 * The shape of a frozen transformer: numbers and choices, no weights. Everything that counts parameters or builds a
 * forward pass reads this record; no other file asks for a model's name.
 */
export interface ModelShape {
  readonly family: Family;
  /** d */
  readonly width: number;
  /** N_h */
  readonly heads: number;
  /** Key-value heads; fewer than `heads` in grouped attention. */
  readonly keyValueHeads: number;
  /** d_h; heads * headWidth need not be d (T5 v1.1). */
  readonly headWidth: number;
  /** d_m */
  readonly ffnWidth: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly vocabulary: number;
  readonly positions: Positions;
  /** Rows of the token-type table, 0 when there is none. */
  readonly tokenTypes: number;
  readonly norm: Norm;
  /** Width of the word, position and type tables where that is not d: a linear map leads from there to d (ELECTRA, ALBERT). */
  readonly embeddingWidth: number | null;
  /** A norm right after the embeddings (BERT, BART). */
  readonly embeddingNorm: boolean;
  /** Factor on word embeddings (mBART: sqrt(d)). */
  readonly embeddingScale: number;
  readonly activation: 'relu' | 'gelu' | 'geluTanh' | 'silu';
  /** Two up matrices, activation(x W_gate) * (x W_up) (SwiGLU, T5 v1.1). */
  readonly gatedFfn: boolean;
  /** Which linear maps have a bias. */
  readonly biases: Biases;
  /** Factor on query-key products: 1 / sqrt(d_h), 1 for T5. */
  readonly attentionScale: number;
  /** RMS norm of each head's queries and keys, before they turn (Qwen3, Gemma 3). */
  readonly queryKeyNorm: boolean;
  /** c tanh(y / c) in place of attention's scores and of the logits (Gemma 2); null for none. */
  readonly softCap: { readonly attention: number | null; readonly output: number | null };
  /** Layers whose self-attention sees near tokens alone; null where none does. */
  readonly window: Window | null;
  /** Attention and FFN read the same stream, x + attn(norm(x)) + ffn(norm(x)) (GPT-NeoX). */
  readonly parallel: boolean;
  /** All layers of a stack have the weights of the first (ALBERT). */
  readonly sharedLayers: boolean;
  /** BERT's dense + tanh over the first token; counted with the backbone, used by no head here. */
  readonly pooler: boolean;
  /**
   * The language-model head: none, the word table itself, or a table of its own. `scale` multiplies hidden states first
   * (T5 v1.0: d^-0.5).
   */
  readonly output: {
    readonly kind: 'none' | 'tied' | 'own';
    readonly scale: number;
    /** A fixed vector is added to the scores: a buffer, no parameter (BART's `final_logits_bias`). */
    readonly fixedBias?: boolean;
  };
  /** The decoder has a table of words of its own. Left out: both stacks read one. */
  readonly decoderWords?: boolean;
  /** Which token the head of a classifier reads. */
  readonly pooling: 'mean' | 'first' | 'last';
}

export type Family =
  | 'bert'
  | 'roberta'
  | 'distilbert'
  | 'electra'
  | 'albert'
  | 'mpnet'
  | 'modernbert'
  | 'gpt2'
  | 'gpt_neox'
  | 'opt'
  | 'llama'
  | 'mistral'
  | 'qwen2'
  | 'qwen3'
  | 'smollm3'
  | 'phi3'
  | 'gemma'
  | 'gemma2'
  | 'gemma3_text'
  | 'bart'
  | 'mbart'
  | 'marian'
  | 'pegasus'
  | 't5'
  | 'mt5';

/** Biases on queries, keys and values, on W_o, and on the matrices of the FFN. */
export interface Biases {
  readonly projections: boolean;
  readonly out: boolean;
  readonly ffn: boolean;
}

/** A bias on attention's scores by distance, one table a stack. */
export interface Distances {
  readonly buckets: number;
  readonly maxDistance: number;
}

export type Positions =
  | {
      readonly kind: 'learned';
      readonly rows: number;
      readonly offset: number;
      /** Id that is not counted, wherever it stands (RoBERTa, MPNet). */
      readonly padding?: number;
      /** Beside the table (MPNet). */
      readonly distances?: Distances;
    }
  /** Sines and cosines in place of a table (Marian, Pegasus). */
  | { readonly kind: 'sinusoidal'; readonly rows: number }
  | Rotary
  | ({ readonly kind: 'relative' } & Distances);

export interface Rotary {
  readonly kind: 'rotary';
  readonly base: number;
  readonly pairs: 'half' | 'interleaved';
  /** Columns of each head that turn, the first ones. */
  readonly columns: 'all' | number;
  readonly scaling: RopeScaling;
  /** Base of windowed layers, which are not scaled, where they turn otherwise (Gemma 3, ModernBERT). */
  readonly localBase: number | null;
  /** Layers that do not turn (SmolLM3). */
  readonly still: readonly number[];
  /** Tokens beyond which the speeds would be others (dynamic, longrope); null for any number. */
  readonly longest: number | null;
}

/** How the speeds of pairs differ from base^(-2i / columns), by the names of transformers. */
export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequency: number;
      readonly highFrequency: number;
      readonly original: number;
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly fast: number;
      readonly slow: number;
      readonly original: number;
      readonly truncate: boolean;
      /** Factor on sines and cosines. */
      readonly magnitude: number;
    }
  | { readonly kind: 'longrope'; readonly factors: readonly number[]; readonly magnitude: number };

export interface Window {
  /** Largest distance of a key that is seen: before the query in a decoder, on either side in an encoder. */
  readonly reach: number;
  readonly layers: readonly number[];
}

export interface Norm {
  readonly kind: 'layer' | 'rms';
  readonly epsilon: number;
  /** post: norm(x + f(x)); pre: x + f(norm(x)). */
  readonly place: 'post' | 'pre';
  /** One more norm at the end of each stack (pre-LN models). */
  readonly final: boolean;
  /** Layer norms add a bias; an RMS norm never does. */
  readonly bias: boolean;
  /** One more norm of what a sub-layer gives, before it is added (Gemma 2 and 3). */
  readonly output: boolean;
  /** The first sub-layer has a norm; ModernBERT's reads the embeddings' norm as it is. */
  readonly first: boolean;
}

export function biasesOn(all: boolean): Biases {
  return { projections: all, out: all, ffn: all };
}

/** Whether anything has a bias, norms too. */
export function hasBiases({ biases, norm }: Pick<ModelShape, 'biases' | 'norm'>): boolean {
  return biases.projections || biases.out || biases.ffn || norm.bias;
}
