import type { Interval } from './numbers';

/** Forms of a method that figures draw as a line, or set apart. */
export const fullFineTuning = 'full fine-tuning';
export const headOnly = 'head only';

/** One finished run, as figures and tables read it. */
export interface RunRow {
  readonly study: string;
  readonly tier: 'quick' | 'full';
  /** Written form of the method: what rows are grouped by. */
  readonly method: string;
  readonly label: string;
  /** Functional form and modified site in words: marker and colour. */
  readonly form: string;
  readonly site: string;
  /** What the modification reads, and how it is put back, in words; empty where there is none. */
  readonly insertion: string;
  readonly composition: string;
  readonly task: string;
  readonly model: string;
  readonly seed: number;
  readonly trained: number;
  readonly used: number;
  readonly stored: number;
  readonly head: number;
  readonly paper: number;
  readonly backbone: number;
  /** Trained parameters (without the head) in % of the backbone. */
  readonly share: number;
  readonly score: number;
  readonly metric: string;
  readonly seconds: number;
  readonly peakMb: number | null;
  /** Name of the run's file without its ending. */
  readonly run?: string;
}

/** How much better one variant scores than another on the same examples with the same seeds. */
export interface Comparison {
  readonly first: string;
  readonly second: string;
  readonly task: string;
  readonly metric: string;
  /**
   * Mean of first minus second, in the unit of the per-example scores; above 0 is better, also where a lower score is.
   */
  readonly gap: number;
  /** 95%, paired bootstrap over seeds and examples. */
  readonly interval: Interval;
  readonly seeds: number;
  readonly examples: number;
}

/** 1 where a higher score is better, -1 where a lower one is. */
export function orientation(metric: string): 1 | -1 {
  return metric === 'nll' ? -1 : 1;
}
