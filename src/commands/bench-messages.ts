import * as v from 'valibot';
import { real, whole, type Schema } from '../json';

/** What the benchmark sends first; bench/README.md describes the protocol. */
export interface Setup {
  readonly method: string;
  readonly model: string;
  readonly tokens: number;
  readonly pooling: 'first' | 'mean';
  readonly precision: 'f32' | 'bf16';
  readonly file: string;
  readonly batches: number;
  readonly batch: number;
  readonly classes: number;
  readonly learningRate: number;
  /** same: padding and all positions are computed, as PyTorch does; shipped: as every run trains. */
  readonly work: 'same' | 'shipped';
}

export type Message =
  { readonly setup: Setup } | { readonly step: number } | { readonly gemm: Gemm } | { readonly quit: true };
/** Products `[m, k, n]` whose speed is asked for. */
export interface Gemm {
  readonly shapes: readonly (readonly [number, number, number])[];
  readonly seconds: number;
  readonly precision: 'f32' | 'bf16';
}

const precision = v.picklist(['f32', 'bf16']);
const setup: Schema<Setup> = v.looseObject({
  method: v.string(),
  model: v.string(),
  tokens: whole,
  pooling: v.picklist(['first', 'mean']),
  precision,
  file: v.string(),
  batches: whole,
  batch: whole,
  classes: whole,
  learningRate: real,
  work: v.picklist(['same', 'shipped']),
});
export const schema: Schema<Message> = v.union([
  v.strictObject({ setup }),
  v.strictObject({ step: whole }),
  v.strictObject({
    gemm: v.looseObject({ shapes: v.array(v.tuple([whole, whole, whole])), seconds: real, precision }),
  }),
  v.strictObject({ quit: v.literal(true) }),
]);
