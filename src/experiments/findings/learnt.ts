import { crossed, crossedInterval } from '../statistics/crossed';
import { armOf, type Tested } from '../statistics/link';
import { deviation, mean } from '../statistics/statistics';
import type { RunRecord } from '../store/record';
import { canonicalJson } from '../store/spec';
import { isExact } from './gate-data';
import { majorityRight, type MajorityAnswer } from './majority';
import { at, short, trainedIn, type Precondition } from './precondition';

/**
 * No run ended where it began: the training loss of its last fifth lies below that of the first step, before any
 * update, by two standard errors. The first steps of all seeds are of one model, and are taken together. Where answers
 * are right or wrong, each side is right more often than the most frequent answer, by its interval.
 */
export function learnt(test: Tested, majority: readonly MajorityAnswer[]): Precondition {
  const stuck = collapsed(trainedIn(test));
  const faults = [...(stuck.length > 0 ? [`not ${stuck.join(', ')}`] : []), ...asMajority(test, majority)];
  return at('learnt', faults.length === 0, faults.length === 0 ? 'every run' : faults.join('; '));
}

/** Trained sides that always giving one answer would equal, each with what it has more, or of which nobody knows. */
function asMajority(test: Tested, majority: readonly MajorityAnswer[]): readonly string[] {
  const { link, groups, metric } = test;
  if (link.kind === 'ratio' || link.statistic === 'text' || link.measured !== undefined || !isExact(metric)) return [];
  const sides = [...link.first, ...link.second].flatMap((name, place) => {
    const rows = trainedIn({ ...test, groups: groups.map((runs) => runs.slice(place, place + 1)) }).map((run) => {
      const most = majorityRight(majority, run);
      const more = run.final.perExample.map((value, i) => value - (most?.right[i] ?? NaN));
      return { answer: most?.answer, more: armOf(link, place, more) };
    });
    if (rows.length < 2) return [];
    if (rows.some(({ answer }) => answer === undefined))
      return [`${name} was never compared with the most frequent answer`];
    const found = crossed(rows.map(({ more }) => more));
    const { low, high } = crossedInterval(found);
    const figure = `${short(found.gap)} [${short(low)}, ${short(high)}]`;
    return low > 0 ? [] : [`not above the most frequent answer: ${name} by ${figure}, always "${rows[0]?.answer}"`];
  });
  return [...new Set(sides)];
}

/** Runs that ended where they began, by name. */
function collapsed(runs: readonly RunRecord[]): readonly string[] {
  const sides = new Map<string, readonly RunRecord[]>();
  for (const run of runs) {
    const key = canonicalJson({ ...run.run.spec, seed: 0 });
    sides.set(key, [...(sides.get(key) ?? []), run]);
  }
  const stuck = [...sides.values()].flatMap((side) => {
    const starts = side.map(({ train }) => train[0]?.loss ?? NaN);
    return side.filter((run) => !isBelow(run, starts)).map(nameOf);
  });
  return [...new Set(stuck)];
}

const nameOf = ({ run: { spec } }: RunRecord): string => `${spec.method} with seed ${spec.seed}`;

/** Over the last fifth of training: batches of a mixture differ by task, and a few of them say nothing. */
function isBelow({ train }: RunRecord, starts: readonly number[]): boolean {
  const end = train.slice(-Math.max(1, Math.floor(train.length / 5))).map(({ loss }) => loss);
  const error = Math.hypot(deviationOf(starts) / Math.sqrt(starts.length), deviationOf(end) / Math.sqrt(end.length));
  return mean(end) < mean(starts) - 2 * error;
}

/** Of one value nothing is known. */
const deviationOf = (values: readonly number[]): number => (values.length < 2 ? 0 : deviation(values));
