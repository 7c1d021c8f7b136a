import type { Site, Stack } from '../../model/site';

/**
 * A method as data: points of the design space of He et al. 2021 (Table 1 and section 3.3). A modification changes one
 * hidden vector h of the frozen model by the four dimensions: where (site), from what (reads: the insertion form), by
 * which
 * function (form), and how it is put back (composition).
 */
export type Modification = Where & Change;

export interface Where {
  readonly site: Site;
  /** Which stacks of an encoder-decoder; a stack that the model lacks is ignored. */
  readonly stacks: readonly Stack[];
  readonly layers: Layers;
  readonly reads: Reads;
}

/** Counted from 0, in each stack; `from` on to the last. */
export type Layers = 'all' | readonly number[] | { readonly from: number };

/** What is added and how; a gate by attention mass exists only for a prefix. */
export type Change =
  | { readonly form: Bottleneck; readonly composition: Add | ScaledAdd | InputGate | Multiply | Renormalise }
  | { readonly form: Prefix; readonly composition: MassGate | Add | ScaledAdd | InputGate }
  | { readonly form: Diagonal; readonly composition: Multiply }
  | { readonly form: Lookup; readonly composition: Add };

/**
 * The input of the form. Reading x makes the insertion parallel, reading h sequential (He et al., section 3.3).
 * `query`: the frozen queries times the attention scale; `query(norm(x))`: a trained LayerNorm of x through the frozen
 * query
 * projection, unscaled (the two readings of the multi-head parallel adapter in the released code).
 * `norm(h+residual)`: through the block's norm that follows the addition; models that norm first have none there and
 * read h + residual. `segment`: which segment of its text a token stands in.
 */
export type Reads = 'x' | 'query' | 'query(norm(x))' | 'h' | 'residual' | 'h+residual' | 'norm(h+residual)' | 'segment';

export type Form = Bottleneck | Prefix | Diagonal | Lookup;

/**
 * activation(x W_down + b_down) W_up + b_up, W_down `[in, r]`, W_up `[r, out]`; each layer of depth beyond the first has
 * activation(y W_middle + b_middle) between them, `[r, r]` (Houlsby et al. 2019, section 3.6).
 */
export interface Bottleneck {
  readonly kind: 'bottleneck';
  readonly activation: Activation;
  /** Bottleneck width r, LoRA's rank. */
  readonly r: number;
  readonly depth: number;
  /** One bottleneck per head: W_down and W_up are cut into heads as prefixes are. */
  readonly perHead: boolean;
  readonly innerNorm: 'none' | 'in' | 'out';
  /** Drop probability on the activated bottleneck. */
  readonly dropout: number;
  readonly trains: 'both' | 'up';
  readonly factors: Factors;
}

export type Activation = 'identity' | 'relu' | 'gelu' | 'geluTanh' | 'silu' | 'tanh' | 'sigmoid' | 'softmax';

export type Factors =
  | { readonly kind: 'dense'; readonly init: Init; readonly bias: boolean }
  | { readonly kind: 'phm'; readonly n: number; readonly rank: number; readonly share: boolean; readonly bias: boolean }
  /**
   * VeRA: random matrices shared by all places, drawn from `seed`; one trained number per bottleneck and per output
   * channel. `stored`
   * ones are in the saved file, as those of another library must be; of equal seed and size there is one.
   */
  | {
      readonly kind: 'frozenRandom';
      readonly seed: number;
      readonly initial: number;
      readonly projections: 'redrawn' | 'stored';
    }
  /** PiSSA: starts at the top r singular directions of the frozen matrix and adds the difference to that start. */
  | { readonly kind: 'principal' }
  /** AdaLoRA: down, one trained singular value per direction, up; directions can be switched off. */
  | { readonly kind: 'triplet' };

/** bert: N(0, 0.02); lora: Kaiming-uniform down, zero up; houlsby: normal of `std`, truncated at two deviations. */
export type Init =
  { readonly kind: 'bert' } | { readonly kind: 'lora' } | { readonly kind: 'houlsby'; readonly std: number };

/**
 * softmax(scale * q P_k^T) P_v per head: attention over l free key-value pairs, P_k and P_v `[l, heads * headWidth]`.
 */
export interface Prefix {
  readonly kind: 'prefix';
  /** Prefix length l. */
  readonly length: number;
  /** none: free vectors; mlp: embedding -> linear -> tanh -> linear, collapsed for storage. */
  readonly reparameterisation: { readonly kind: 'none' } | { readonly kind: 'mlp'; readonly width: number };
  readonly positions: TextPositions;
}

/**
 * Learned positions of the text beside l virtual vectors: `kept`: it starts at 0 as without them (He et al. 2021);
 * `shifted`: at l, as
 * PEFT counts them. Rotary and relative positions see distances alone.
 */
export type TextPositions = 'kept' | 'shifted';

/**
 * One free vector for each segment of a text, added to the embeddings of its tokens: task embeddings (Lin et al. 2020).
 */
export interface Lookup {
  readonly kind: 'lookup';
  /** Segments: rows that a task adds to the word table, read by their segment's id. */
  readonly rows: number;
}

/** One learned factor per channel. */
export interface Diagonal {
  readonly kind: 'diagonal';
}

export interface Add {
  readonly kind: 'add';
}
/** h + s dh; s fixed, one learned number, or one learned number per channel. */
export interface ScaledAdd {
  readonly kind: 'scaledAdd';
  readonly scale: Scale;
}
export type Scale =
  | { readonly kind: 'fixed'; readonly value: number }
  | { readonly kind: 'learned'; readonly initial: number }
  | { readonly kind: 'perChannel'; readonly initial: number };
/** (1 - g) h + g dh with g the share of attention mass that falls on the prefix: prefix tuning. */
export interface MassGate {
  readonly kind: 'massGate';
}
/**
 * h + g s dh, g = sigmoid(input w + b), one gate per token or the mean over the sequence (UniPELT). On a prefix g
 * scales its
 * keys and values, which then share the attention's mass as in prefix tuning; its gate reads x.
 */
export interface InputGate {
  readonly kind: 'inputGate';
  readonly scale: number;
  readonly per: 'token' | 'sequence';
}
/** h * l for a diagonal, h * (1 + dh) for a bottleneck, so that both start at the frozen model. */
export interface Multiply {
  readonly kind: 'multiply';
}
/** m * (W + dW) / |W + dW| applied to x (DoRA). */
export interface Renormalise {
  readonly kind: 'renormalise';
  readonly scale: number;
}
export type Composition = Add | ScaledAdd | MassGate | InputGate | Multiply | Renormalise;

/** The model's own weights that train with the method. */
export type Unfrozen =
  | { readonly kind: 'all' }
  | { readonly kind: 'biases' }
  | { readonly kind: 'layerNorms' }
  | { readonly kind: 'topLayers'; readonly k: number }
  /** The last `count` rows of the word table: tokens added for a task (Lin et al. 2020). */
  | { readonly kind: 'tokenRows'; readonly count: number }
  /** The rows of these tokens, ids in rising order, each once. */
  | { readonly kind: 'tokens'; readonly ids: readonly number[] };

export type Prompt =
  | { readonly kind: 'none' }
  | { readonly kind: 'free'; readonly length: number; readonly init: PromptInit; readonly positions: TextPositions }
  | WrittenPrompt;

/**
 * Written from the input by a generator: E(x) of a frozen encoder, P0 `[l, q]` learned, and
 * p(x) = LN(P0 + softmax(Q K^T / sqrt(q / heads)) V W_o) W_p + b by head, Q from P0, K and V from E(x) (Levine et al.
 * 2022, section 2).
 */
export interface WrittenPrompt {
  readonly kind: 'written';
  /** Vectors l in front of the text, whatever its length. */
  readonly length: number;
  /** Width q of P0 and of the cross-attention. */
  readonly width: number;
  readonly heads: number;
  readonly encoder: PromptEncoder;
  /** What the generator reads: the input, that of another example, or the same empty text always. */
  readonly source: 'true' | 'shuffled' | 'constant';
  readonly positions: TextPositions;
}

/** E: the frozen model's own lowest layers, or another frozen model by name, whose hidden states are `width` wide. */
export type PromptEncoder =
  | { readonly kind: 'own'; readonly layers: number }
  | { readonly kind: 'model'; readonly name: string; readonly width: number };
/** N(0, 0.02); rows of the word table drawn at random; those of a text's tokens, repeated or cut to the length. */
export type PromptInit =
  | { readonly kind: 'random' }
  | { readonly kind: 'vocabulary' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tokens'; readonly ids: readonly number[] };

/** What is added to a frozen model, and which of its own weights are trained besides. */
export interface Method {
  /** The canonical written form: `lora:r=8`, `mam:l=30,r=512`. */
  readonly name: string;
  readonly modifications: readonly Modification[];
  readonly unfrozen: readonly Unfrozen[];
  readonly prompt: Prompt;
  readonly passes: Passes;
  readonly lifecycle: Lifecycle;
  /**
   * What the method's source counts as its parameters: `matrices` leaves out biases, inner norms, gates and scales
   * (He et al. 2021, Tables 9-11); `all` counts everything stored (Houlsby et al. 2019, Lin et al. 2020).
   */
  readonly counted: 'matrices' | 'all';
}

/**
 * How often the text runs through the frozen weights. `twice` (Levine et al. 2022, section on neural recursion): a
 * connector of width r between two passes makes word vectors of the first pass's last states,
 * c(h) = GELU(LN(h) W_down + b_down) W_up + b_up, and the second has a prompt of its own wherever the first has one.
 * Modifications and trained weights are those of the model, in both passes. Of an encoder-decoder the decoder runs twice.
 */
export type Passes =
  | { readonly kind: 'once' }
  | {
      readonly kind: 'twice';
      readonly r: number;
      /** Whether c(h) stands in place of the word vectors, or is added to them. */
      readonly words: 'replaced' | 'kept';
    };

export type Lifecycle =
  | { readonly kind: 'fixed' }
  /**
   * AdaLoRA: directions are switched off until `target` of each modification's r are left on average; `penalty` on P^T
   * P - I.
   */
  | { readonly kind: 'rankBudget'; readonly target: number; readonly penalty: number }
  /**
   * AdapterDrop, robust: each training step leaves out the modifications of the first n layers, n drawn from 0 to
   * `first`.
   */
  | { readonly kind: 'layerDrop'; readonly first: number };
