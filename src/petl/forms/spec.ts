import type { PromptInit } from '../design/types';

/** How a tensor starts. Draws depend on a seed and the variable's name alone, never on what else exists. */
export type VariableInit =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  /** Redrawn beyond two deviations. */
  | { readonly kind: 'truncatedNormal'; readonly std: number }
  /** Between -bound and bound. A number as seed replaces the run's where the method fixes its own. */
  | { readonly kind: 'uniform'; readonly bound: number; readonly seed: number | 'run' }
  /** Euclidean norm of each column of a frozen matrix. */
  | { readonly kind: 'columnNorms'; readonly weight: string }
  /** One side of the best rank-r approximation of a frozen matrix, singular values shared half and half. */
  | { readonly kind: 'principal'; readonly weight: string; readonly side: 'down' | 'up' }
  /** Rows of the word table: its last ones, drawn at random, or those of a prompt's tokens. */
  | { readonly kind: 'words'; readonly rows: { readonly kind: 'last' } | Exclude<PromptInit, { kind: 'random' }> };

/** One tensor of a method's own. */
export interface VariableSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: VariableInit;
  /** Whether it is differentiated; constants (random projections, starting points, masks) are not. */
  readonly trained: boolean;
  /** Whether the saved file holds it; a prefix MLP it does not, but what the MLP makes. */
  readonly stored: boolean;
  /** A bias, norm, gate, scale or magnitude: beside the matrices that some sources count alone. */
  readonly beside: boolean;
  /** Index of the modification it belongs to. */
  readonly modification: number | 'prompt' | 'connector' | 'tokenRows';
}

/** A spec before its modification is known; a trained and stored matrix unless it says otherwise. */
export type Part = Pick<VariableSpec, 'name' | 'shape' | 'init'> &
  Partial<Pick<VariableSpec, 'trained' | 'stored' | 'beside'>>;

export const zeros: VariableInit = { kind: 'constant', value: 0 };
export const ones: VariableInit = { kind: 'constant', value: 1 };
/** N(0, 0.02). */
export const bertInit: VariableInit = { kind: 'normal', std: 0.02 };
/** Kaiming-uniform with a = sqrt(5). */
export const kaiming = (fanIn: number): VariableInit => ({ kind: 'uniform', bound: 1 / Math.sqrt(fanIn), seed: 'run' });

/** Name of one of VeRA's random matrices, which all places of its size share. */
export function projectionName(seed: number, side: 'down' | 'up', shape: readonly number[]): string {
  return `random.${seed}.${side}.${shape.join('x')}`;
}

export function normParts(name: string, width: number): readonly Part[] {
  return [
    { name: `${name}.gain`, shape: [width], init: ones, beside: true },
    { name: `${name}.bias`, shape: [width], init: zeros, beside: true },
  ];
}

/** Elements of a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
