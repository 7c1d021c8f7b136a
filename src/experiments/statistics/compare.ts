import { bootstrapInterval, bootstrapSettings, pairedBootstrap } from './bootstrap';
import { UserError } from '../../errors';
import { orientation, type Comparison } from '../../rows';
import { crossed, crossedInterval, crossedP, leastGap } from './crossed';
import { isPair } from './link';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import { tasksOf, variantOfMethod, type Study, type Variant } from '../studies/study';

export interface CompareOptions {
  readonly results?: string | undefined;
}

/** Compares every other variant that has finished runs with `second`, in the study's order, on each task. */
export function compareWith(study: Study, second: string, { results }: CompareOptions = {}): readonly Comparison[] {
  const runsOf = (name: string, task: string) =>
    study.variants.find((variant) => variant.name === name)?.runs.filter((spec) => spec.task === task) ?? [];
  return tasksOf(study).flatMap((task) => {
    const others = recordsOfRuns(runsOf(second, task), results);
    return study.variants
      .filter(({ name }) => name !== second)
      .flatMap(({ name, label }) => {
        const pairs = pairSeeds(recordsOfRuns(runsOf(name, task), results), others);
        return pairs.length === 0
          ? []
          : [
              comparison(pairs, {
                first: label,
                second: study.variants.find((variant) => variant.name === second)?.label ?? second,
                task,
              }),
            ];
      });
  });
}

type Pairs = readonly (readonly [RunRecord, RunRecord])[];

function comparison(pairs: Pairs, names: Pick<Comparison, 'first' | 'second' | 'task'>): Comparison {
  const metric = pairs[0]?.[0].final.metric ?? '';
  const sign = orientation(metric);
  const differences = pairs.map(([a, b]) =>
    a.final.perExample.map((value, i) => sign * (value - (b.final.perExample[i] ?? Number.NaN))),
  );
  const found = pairedBootstrap(differences, bootstrapSettings);
  return {
    ...names,
    metric,
    gap: found.gap,
    interval: bootstrapInterval(found),
    seeds: pairs.length,
    examples: differences[0]?.length ?? 0,
  };
}

function pairSeeds(first: readonly RunRecord[], second: readonly RunRecord[]): Pairs {
  return first.flatMap((a) => {
    const b = second.find((other) => isPair(a, other));
    return b === undefined ? [] : [[a, b] as const];
  });
}

/** How two variants of a study differ on one task, as the rule of verdicts reads it. */
export interface Pairwise extends Comparison {
  /** Two-sided p of "no difference"; null with one seed, whose interval speaks of other examples alone. */
  readonly p: number | null;
  /** The smallest gap that would be told from none in 80 of 100 cases; null with one seed. */
  readonly leastGap: number | null;
}

/**
 * How much better `first` scores than `second` on each task of the study, paired by seed and example: above 0 is better.
 * The interval of 95% takes seeds and examples as crossed effects.
 * @throws UserError where the study has no such variant, or the two have no seed in common
 */
export function compare(study: Study, first: string, second: string, results?: string): readonly Pairwise[] {
  const [a, b] = [first, second].map((name) => variantOfMethod(study, name));
  if (a === undefined || b === undefined) return [];
  const tasks = [...new Set(a.runs.map(({ task }) => task))];
  const found = tasks.flatMap((task) => {
    const of = (variant: Variant): readonly RunRecord[] =>
      recordsOfRuns(
        variant.runs.filter((spec) => spec.task === task),
        results,
      );
    const pairs = pairSeeds(of(a), of(b));
    return pairs.length === 0 ? [] : [pairwise(pairs, { first: a.label, second: b.label, task })];
  });
  if (found.length > 0) return found;
  throw new UserError(`${a.label} and ${b.label} have no finished seed in common: run them first with runStudy`);
}

function pairwise(pairs: Pairs, names: Pick<Comparison, 'first' | 'second' | 'task'>): Pairwise {
  const shown = comparison(pairs, names);
  if (pairs.length < 2) return { ...shown, p: null, leastGap: null };
  const sign = orientation(shown.metric);
  const effects = crossed(
    pairs.map(([a, b]) => a.final.perExample.map((value, i) => sign * (value - (b.final.perExample[i] ?? NaN)))),
  );
  return { ...shown, interval: crossedInterval(effects), p: crossedP(effects), leastGap: leastGap(effects) };
}
