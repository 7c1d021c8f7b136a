import { bootstrapInterval, bootstrapSettings, pairedBootstrap } from './bootstrap';
import { orientation, type Comparison } from '../../rows';
import { isPair } from './link';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import { tasksOf, type Study } from '../studies/study';

export interface CompareOptions {
  readonly results?: string | undefined;
  /** Which runs are compared with one another: those on the same frozen weights unless said otherwise. */
  readonly pairs?: typeof isPair;
}

/** Compares every other variant that has finished runs with `second`, in the study's order, on each task. */
export function compareWith(
  study: Study,
  second: string,
  { results, pairs: alike = isPair }: CompareOptions = {},
): readonly Comparison[] {
  const runsOf = (name: string, task: string) =>
    study.variants.find((variant) => variant.name === name)?.runs.filter((spec) => spec.task === task) ?? [];
  return tasksOf(study).flatMap((task) => {
    const others = recordsOfRuns(runsOf(second, task), results);
    return study.variants
      .filter(({ name }) => name !== second)
      .flatMap(({ name, label }) => {
        const pairs = pairSeeds(recordsOfRuns(runsOf(name, task), results), others, alike);
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

function pairSeeds(first: readonly RunRecord[], second: readonly RunRecord[], alike: typeof isPair): Pairs {
  return first.flatMap((a) => {
    const b = second.find((other) => alike(a, other));
    return b === undefined ? [] : [[a, b] as const];
  });
}
