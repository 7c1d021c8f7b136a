import type { Tensor } from '../engine/tf';

/**
 * The places where a frozen transformer shows a hidden vector h and the input x of the sub-module that made it
 * (He et al. 2021, section 3: "modified representation"). x and h are token-wise, packed: `[N, width]`,
 * N = the real tokens of the batch (see `layout.ts`).
 *
 * | site | x | h |
 * |---|---|---|
 * | `embedding` | word embeddings | sum of embeddings after their norm, the first block's input |
 * | `attn.query` `attn.key` `attn.value` | input of the projection | its output `[N, heads * headWidth]` |
 * | `attn.heads` | input of the attention sub-layer (query side) | concatenated head outputs before W_o `[N, heads *
 * headWidth]` |
 * | `attn.out` | concatenated head outputs, as they became at `attn.heads` | output of W_o |
 * | `attn` | input of the attention sub-layer | output of W_o, before residual and any norm |
 * | `cross.*` `cross` | as `attn.*`; key and value read the encoder's output | |
 * | `ffn.up` | input of the first FFN matrix | its output, before the activation `[N, ffnWidth]` |
 * | `ffn.gate` | input of the FFN | output of a gated FFN's gate matrix, before the activation `[N, ffnWidth]` |
 * | `ffn.mid` | input of the FFN | the activated middle `[N, ffnWidth]`, input of the second matrix |
 * | `ffn.down` | the activated middle | output of the second matrix |
 * | `ffn` | input of the FFN | output of the FFN, before residual and norm |
 * | `block` | input of the block | output of the block, after residual and norm |
 */
export type Site =
  | 'embedding'
  | 'attn.query'
  | 'attn.key'
  | 'attn.value'
  | 'attn.heads'
  | 'attn.out'
  | 'attn'
  | 'cross.query'
  | 'cross.key'
  | 'cross.value'
  | 'cross.heads'
  | 'cross.out'
  | 'cross'
  | 'ffn.up'
  | 'ffn.gate'
  | 'ffn.mid'
  | 'ffn.down'
  | 'ffn'
  | 'block';

/** Every site by name, in the order in which a block passes them. */
export const sites: readonly Site[] = [
  'embedding',
  'attn.query',
  'attn.key',
  'attn.value',
  'attn.heads',
  'attn.out',
  'attn',
  'cross.query',
  'cross.key',
  'cross.value',
  'cross.heads',
  'cross.out',
  'cross',
  'ffn.up',
  'ffn.gate',
  'ffn.mid',
  'ffn.down',
  'ffn',
  'block',
];

export type Stack = 'encoder' | 'decoder';

/** What attention shows beside x and h at the `heads` sites. */
export interface AttentionView {
  /** Queries, unscaled, after their norm and rotary positions `[N, heads * headWidth]`. */
  readonly query: Tensor;
  readonly heads: number;
  /** Factor on query-key products, 1 / sqrt(headWidth) but for T5. */
  readonly scale: number;
  /** c of c tanh(score / c), which the scores become before softmax; null for none. */
  readonly softCap: number | null;
  /** log of the sum over keys of exp(score) for each query and head `[N, heads]`; computed when asked for. */
  logMass(): Tensor;
}

/** What a sub-layer shows of itself when it has computed h from x. */
export interface SitePoint {
  readonly site: Site;
  readonly stack: Stack;
  readonly layer: number;
  /** x `[N, in]` */
  readonly input: Tensor;
  /** h `[N, out]` */
  readonly output: Tensor;
  /** The stream that h is added to, `[N, d]`, at `attn`, `cross` and `ffn`. */
  readonly residual?: Tensor;
  /** The block's norm that follows the addition (post-LN) or precedes the sub-layer (pre-LN), frozen or not. */
  readonly norm?: (x: Tensor) => Tensor;
  /** int32 `[N]` the segment of its text that each token stands in; only at `embedding`, where the batch tells them. */
  readonly segments?: Tensor;
  /** Only at `attn.heads` and `cross.heads`. */
  readonly attention?: AttentionView;
  /** The linear map y = xW + b that made h, weight `[in, out]`, at the sites of one matrix: projections, `out`, `up`, `gate`, `down`. */
  readonly linear?: { readonly weight: Tensor; readonly bias: Tensor | undefined };
}

/** Mean over the tokens of each row's sequence, `[N, k]` -> `[N, k]`; the rows are those that the site's input has. */
export type SequenceMean = (x: Tensor, at: Pick<SitePoint, 'stack' | 'site'>) => Tensor;

/** Returns h, changed or as it was. Called inside a traced step: it must be pure. */
export interface Visit {
  (point: SitePoint): Tensor;
  /** The sites that it looks at. The model may compute others together, and then does not show them. Left out: all. */
  readonly sites?: ReadonlySet<Site>;
  /** Needs all rows of a sequence at once: no block may work on those alone that are read in the end. */
  readonly whole?: boolean;
}

export const untouched: Visit = Object.assign((point: SitePoint) => point.output, { sites: new Set<Site>() });

/** Whether the visit passes these sites by. */
export function passes(visit: Visit, ...places: readonly Site[]): boolean {
  return visit.sites !== undefined && !places.some((site) => visit.sites?.has(site));
}
