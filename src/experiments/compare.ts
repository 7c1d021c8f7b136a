import { recordsOfRuns } from './rows';
import { bootstrapInterval, pairedBootstrap, type Interval } from './statistics';
import type { Study } from './studies/study';
import { bootstrapSettings, pairSeeds } from './verdict';

/** How much better one variant scores than another on the same examples with the same seeds. */
export interface Comparison {
  readonly first: string;
  readonly second: string;
  /** Mean of first minus second, in the unit of the per-example scores. */
  readonly gap: number;
  /** 95%, paired bootstrap over seeds and examples. */
  readonly interval: Interval;
  readonly seeds: number;
  readonly examples: number;
}

/** Compares every other variant that has finished runs with `second`, in the study's order. */
export function compareWith(study: Study, second: string, results?: string): readonly Comparison[] {
  const recordsOf = (name: string): ReturnType<typeof recordsOfRuns> => recordsOfRuns(study.variants.find((variant) => variant.name === name)?.runs ?? [], results);
  const others = recordsOf(second);
  return study.variants.filter(({ name }) => name !== second).flatMap(({ name, label }) => {
    const pairs = pairSeeds(recordsOf(name), others);
    const differences = pairs.map(([a, b]) => a.final.perExample.map((value, i) => value - (b.final.perExample[i] ?? Number.NaN)));
    if (pairs.length === 0) return [];
    const found = pairedBootstrap(differences, bootstrapSettings);
    return [{ first: label, second: others[0]?.run.label ?? second, gap: found.gap, interval: bootstrapInterval(found), seeds: pairs.length, examples: differences[0]?.length ?? 0 }];
  });
}
