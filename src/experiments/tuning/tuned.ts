import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readText, real, whole, type Schema } from '../../json';
import { projectRoot } from '../../project';
import { nameDamage } from '../store/damage';
import { unsealed } from '../../seal';

/**
 * One trial of a learning rate: what validation said at its end, the mean where it ran with several seeds. A trial that
 * diverged has no loss.
 */
export interface Trial {
  readonly rate: number;
  /** The method tried, where a family has several; steps and seeds; none in tables older than these fields. */
  readonly method?: string;
  readonly steps?: number;
  readonly seeds?: number;
  readonly loss: number | null;
  readonly score: number | null;
  readonly seconds: number;
}

/**
 * The trials of one method family, in rising order, and the rate with the lowest validation loss among the longest of
 * them.
 */
export interface FamilyTuning {
  readonly family: string;
  /** Written form of the method tried, of several the one that goes with the chosen rate. */
  readonly method: string;
  readonly trials: readonly Trial[];
  readonly chosen: number;
  /** Steps and seeds of the trials between which the choice was made; none in tables older than the field. */
  readonly steps?: number;
  readonly seeds?: number;
  /** Whose texts it was tuned on, where they stood in place of the targets. */
  readonly teacher?: string;
}

/** `data/tuning/<study>.json`: made by `petl tune <study>`, committed. */
export interface TuningTable {
  readonly study: string;
  readonly model: string;
  readonly task: string;
  readonly rule: string;
  readonly families: readonly FamilyTuning[];
}

/** Seeds that no study trains with. */
export const trialSeeds: readonly number[] = [101, 102];

export type RateRange = readonly [low: number, high: number];

const [wholeModel, modules, vectors]: readonly [RateRange, RateRange, RateRange] = [
  [1e-5, 3e-4],
  [1e-4, 3e-3],
  [1e-3, 3e-2],
];
const ranges: Readonly<Record<string, RateRange>> = {
  full: wholeModel,
  top: wholeModel,
  head: vectors,
  prompt: vectors,
  twice: vectors,
  bitfit: vectors,
  layernorm: vectors,
  ia3: vectors,
  segments: vectors,
};

/**
 * Where a family's learning rates are looked for: whole weights, modules (adapters, LoRA, prefixes), or single vectors.
 */
export function rangeOf(family: string): RateRange {
  return ranges[family.split(':')[0] ?? ''] ?? modules;
}

export function tuningPath(study: string): string {
  return join(projectRoot(), 'data', 'tuning', `${study}.json`);
}

const count = v.pipe(whole, v.minValue(1));
const trial: Schema<Trial> = v.strictObject({
  rate: v.pipe(real, v.gtValue(0)),
  method: v.optional(v.string()),
  steps: v.optional(count),
  seeds: v.optional(count),
  loss: v.nullable(real),
  score: v.nullable(real),
  seconds: v.pipe(real, v.minValue(0)),
});
const family: Schema<FamilyTuning> = v.strictObject({
  family: v.string(),
  method: v.string(),
  chosen: v.pipe(real, v.gtValue(0)),
  steps: v.optional(count),
  seeds: v.optional(count),
  teacher: v.optional(v.string()),
  trials: v.pipe(v.array(trial), v.minLength(1)),
});
const table: Schema<TuningTable> = v.strictObject({
  study: v.string(),
  model: v.string(),
  task: v.string(),
  rule: v.string(),
  families: v.array(family),
});

/**
 * The tuning table of a study; undefined where it was never made. One that must not be believed is named on standard
 * error and counts as never made.
 * @param remedy what makes it again
 */
export function readTuning(
  study: string,
  path: string = tuningPath(study),
  remedy = `; make it again: npx petl tune ${study}`,
): TuningTable | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const read = lastRead(path, text, study);
  if (typeof read !== 'string') return read;
  nameDamage(path, read, `does not count${remedy}`);
  return undefined;
}

const last = new Map<string, { readonly text: string; readonly study: string; readonly read: TuningTable | string }>();

/** What `tableIn` says; a study asks for one table once a configuration, and the same text is not checked twice. */
function lastRead(path: string, text: string, study: string): TuningTable | string {
  const known = last.get(path);
  if (known?.text === text && known.study === study) return known.read;
  const read = tableIn(text, study);
  last.set(path, { text, study, read });
  return read;
}

/** The table that a text holds, or what is wrong with it. */
function tableIn(text: string, study: string): TuningTable | string {
  const bare = unsealed(text);
  if (bare === undefined) return 'its checksum does not fit: it was changed after it was written';
  const read = readText(bare, table);
  if (read.kind === 'fault') return `it ${read.reason}`;
  if (read.value.study !== study) return `it is the table of ${read.value.study}`;
  const wrong = read.value.families.find(({ trials, chosen, method }) => {
    const best = bestOf(trials);
    return best.rate !== chosen || (best.method ?? method) !== method;
  });
  return wrong === undefined ? read.value : `the rate chosen for ${wrong.family} is not that of its best trial`;
}

/** The trial with the lowest validation loss among those of the most steps; one that diverged only where all did. */
export function bestOf<T extends Pick<Trial, 'loss' | 'steps'>>(trials: readonly T[]): T {
  const ended = trials.filter(({ loss }) => loss !== null);
  const compared = ended.length > 0 ? ended : trials;
  const longest = Math.max(...compared.map(({ steps }) => steps ?? 0));
  const [best] = compared
    .filter(({ steps }) => (steps ?? 0) === longest)
    .sort((a, b) => (a.loss ?? Infinity) - (b.loss ?? Infinity));
  if (best === undefined) throw new Error('no trials to choose from');
  return best;
}

/** The learning rate tuned for a family, or the middle of its range (in logarithms) before there is a table. */
export function tunedRate(study: string, family: string): number {
  const found = readTuning(study)?.families.find((entry) => entry.family === family);
  const [low, high] = rangeOf(family);
  return found?.chosen ?? rounded(Math.sqrt(low * high));
}

/** The method that trials chose together with its rate; `usual` before there is a table. */
export function tunedMethod(study: string, family: string, usual: string): string {
  return readTuning(study)?.families.find((entry) => entry.family === family)?.method ?? usual;
}

/** `count` rates between `low` and `high`, equal steps in logarithms, two significant digits. */
export function logSpaced([low, high]: RateRange, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => rounded(low * (high / low) ** (i / (count - 1))));
}

export function rounded(rate: number): number {
  return Number(rate.toPrecision(2));
}
