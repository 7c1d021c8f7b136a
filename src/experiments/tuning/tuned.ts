import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors';
import { projectRoot } from '../../project';

/** One trial of a learning rate: what validation said at its end. A trial that diverged has no loss. */
export interface Trial {
  readonly rate: number;
  readonly loss: number | null;
  readonly score: number | null;
  readonly seconds: number;
}

/** The trials of one method family, in rising order, and the rate with the lowest validation loss. */
export interface FamilyTuning {
  readonly family: string;
  /** Written form of the method tried: the family's middle size. */
  readonly method: string;
  readonly trials: readonly Trial[];
  readonly chosen: number;
}

/** `data/tuning/<study>.json`: made by `petl tune <study>`, committed. */
export interface TuningTable {
  readonly study: string;
  readonly model: string;
  readonly task: string;
  readonly rule: string;
  readonly families: readonly FamilyTuning[];
}

export type RateRange = readonly [low: number, high: number];

const [whole, modules, vectors]: readonly [RateRange, RateRange, RateRange] = [
  [1e-5, 3e-4],
  [1e-4, 3e-3],
  [1e-3, 3e-2],
];
const ranges: Readonly<Record<string, RateRange>> = {
  full: whole,
  top: whole,
  head: vectors,
  prompt: vectors,
  bitfit: vectors,
  layernorm: vectors,
  ia3: vectors,
};

/**
 * Where a family's learning rates are looked for: whole weights, modules (adapters, LoRA, prefixes), or single vectors.
 */
export function rangeOf(family: string): RateRange {
  return ranges[family] ?? modules;
}

export function tuningPath(study: string): string {
  return join(projectRoot(), 'data', 'tuning', `${study}.json`);
}

/** The tuning table of a study; undefined where it was never made. */
export function readTuning(study: string): TuningTable | undefined {
  let text: string;
  try {
    text = readFileSync(tuningPath(study), 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as TuningTable;
  } catch {
    throw new UserError(
      `data/tuning/${study}.json is not JSON: restore it, or make it again with: npx petl tune ${study}`,
    );
  }
}

/** The learning rate tuned for a family, or the middle of its range (in logarithms) before there is a table. */
export function tunedRate(study: string, family: string): number {
  const found = readTuning(study)?.families.find((entry) => entry.family === family);
  const [low, high] = rangeOf(family);
  return found?.chosen ?? rounded(Math.sqrt(low * high));
}

/** `count` rates between `low` and `high`, equal steps in logarithms, two significant digits. */
export function logSpaced([low, high]: RateRange, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => rounded(low * (high / low) ** (i / (count - 1))));
}

export function rounded(rate: number): number {
  return Number(rate.toPrecision(2));
}
