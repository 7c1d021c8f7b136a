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
  /** A norm right after the embeddings (BERT, BART). */
  readonly embeddingNorm: boolean;
  /** Factor on word embeddings (mBART: sqrt(d)). */
  readonly embeddingScale: number;
  readonly activation: 'relu' | 'gelu' | 'geluTanh' | 'silu';
  /** Two up matrices, activation(x W_gate) * (x W_up) (SwiGLU, T5 v1.1). */
  readonly gatedFfn: boolean;
  /** Biases on linear maps. */
  readonly biases: boolean;
  /** Factor on query-key products: 1 / sqrt(d_h), 1 for T5. */
  readonly attentionScale: number;
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

export type Family = 'bert' | 'roberta' | 'distilbert' | 'gpt2' | 'bart' | 'mbart' | 't5' | 'llama';

export type Positions =
  | { readonly kind: 'learned'; readonly rows: number; readonly offset: number }
  | { readonly kind: 'rotary'; readonly base: number; readonly pairs: 'half' | 'interleaved' }
  | { readonly kind: 'relative'; readonly buckets: number; readonly maxDistance: number };

export interface Norm {
  readonly kind: 'layer' | 'rms';
  readonly epsilon: number;
  /** post: norm(x + f(x)); pre: x + f(norm(x)). */
  readonly place: 'post' | 'pre';
  /** One more norm at the end of each stack (pre-LN models). */
  readonly final: boolean;
}
