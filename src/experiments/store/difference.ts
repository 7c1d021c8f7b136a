import { UserError } from '../../errors';
import { canonicalJson, hash8 } from './spec';
import type { RunRecord } from './record';

/** A field in which two runs differ. */
export interface Differing {
  /** `training.learningRate` */
  readonly field: string;
  readonly first: string;
  readonly second: string;
}

/** How two runs differ, in what they are and in what came out. */
export interface Difference {
  readonly spec: readonly Differing[];
  readonly counts: readonly Differing[];
  readonly environment: readonly Differing[];
  /** Hashes of data and frozen weights. */
  readonly inputs: readonly Differing[];
  /** Over the steps that both have recorded; null where there is none. */
  readonly curve: {
    readonly steps: number;
    readonly largest: number;
    readonly mean: number;
    readonly at: number;
  } | null;
  readonly score: readonly [number | null, number | null];
  readonly loss: readonly [number | null, number | null];
  /** Whatever else came out: validation, the step kept, shares beside the score, what was written. */
  readonly outcome: readonly Differing[];
  /** Null where they were scored on other examples. */
  readonly examples: {
    readonly count: number;
    readonly differ: number;
    /** Of those that differ: in how many the first scores above the second. */
    readonly above: number;
    readonly largest: number;
  } | null;
  /** Every number that was computed is the same, times and memory left out. */
  readonly equal: boolean;
}

export function differenceOf(first: RunRecord, second: RunRecord): Difference {
  const [a, b] = [first.final, second.final];
  const inputs = (of: RunRecord): object => ({ data: of.final.data, weights: of.final.model, tests: of.final.tests });
  return {
    spec: differing(first.run.spec, second.run.spec),
    counts: differing(first.run.counts, second.run.counts),
    environment: differing(
      { engine: first.run.engine, ...first.run.environment },
      { engine: second.run.engine, ...second.run.environment },
    ),
    inputs: differing(inputs(first), inputs(second)),
    curve: curveOf(first, second),
    score: [a.score, b.score],
    loss: [a.loss, b.loss],
    outcome: differing(outcomeOf(first), outcomeOf(second)),
    examples: examplesOf(first, second),
    equal: numbersOf(first) === numbersOf(second),
  };
}

/** When and how a run was computed, not what: two runs may differ in these and in nothing else. */
const times = ['seconds', 'trainSeconds', 'peakMb', 'programs'] as const;

/** All that training and scoring computed, without times and memory. */
export function numbersOf({ train, evaluations, final }: RunRecord): string {
  return canonicalJson({ train: train.map(timeless), evaluations: evaluations.map(timeless), final: ofFinal(final) });
}

function timeless(line: object): object {
  return without(line, times);
}

function ofFinal(final: RunRecord['final']): object {
  return { ...timeless(final), ...(final.written && { written: timeless(final.written) }) };
}

/** The fields but for these; one that is undefined is none. */
function without(of: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(of).filter(([name, value]) => !names.includes(name) && value !== undefined));
}

/** What `Difference` tells in words of its own. */
const elsewhere = ['score', 'loss', 'perExample', 'data', 'model', 'tests'] as const;

/** The other numbers, by field; long lists by their hash. */
function outcomeOf({ evaluations, final }: RunRecord): object {
  const validation = evaluations.map((line) => [`step ${line.step}`, without(timeless(line), ['kind', 'step'])]);
  const { texts = [] } = final.written ?? {};
  return {
    validation: Object.fromEntries(validation) as object,
    ...without(ofFinal(final), elsewhere),
    tokens: hash8(canonicalJson(final.tokens)),
    ...(final.written && { written: { ...timeless(final.written), texts: hash8(canonicalJson(texts)) } }),
  };
}

function differing(first: object, second: object): readonly Differing[] {
  const [a, b] = [new Map(leaves(first)), new Map(leaves(second))];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((field) => {
    const [x, y] = [a.get(field) ?? 'none', b.get(field) ?? 'none'];
    return x === y ? [] : [{ field, first: x, second: y }];
  });
}

function leaves(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

function curveOf(first: RunRecord, second: RunRecord): Difference['curve'] {
  const other = new Map(second.train.map(({ step, loss }) => [step, loss]));
  const gaps = first.train.flatMap(({ step, loss }) => {
    const found = other.get(step);
    return found === undefined ? [] : [{ step, gap: Math.abs(loss - found) }];
  });
  const [worst] = [...gaps].sort((a, b) => b.gap - a.gap);
  if (worst === undefined) return null;
  const mean = gaps.reduce((sum, { gap }) => sum + gap, 0) / gaps.length;
  return { steps: gaps.length, largest: worst.gap, mean, at: worst.step };
}

function examplesOf({ final: a }: RunRecord, { final: b }: RunRecord): Difference['examples'] {
  if (a.tests.hash !== b.tests.hash || a.metric !== b.metric || a.perExample.length === 0) return null;
  const gaps = a.perExample.map((value, i) => value - (b.perExample[i] ?? NaN));
  return {
    count: gaps.length,
    differ: gaps.filter((gap) => gap !== 0).length,
    above: gaps.filter((gap) => gap > 0).length,
    largest: gaps.reduce((most, gap) => Math.max(most, Math.abs(gap)), 0),
  };
}

/** The one stored run that a path, an id or the end of an id names. */
export function runNamed(name: string, ids: readonly { readonly id: string; readonly path: string }[]): string {
  const found = ids.filter(({ id, path }) => id === name || path === name || id.endsWith(`-${name}`));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.path;
  throw new UserError(
    found.length > 1
      ? `"${name}" names ${found.length} runs (${found
          .slice(0, 3)
          .map(({ path }) => path)
          .join(', ')}): name the file`
      : `there is no run "${name}": name a file, or an id that npx petl runs lists`,
  );
}
