import type { LinkTest } from '../statistics/link';
import { mean } from '../statistics/statistics';
import type { LinkVerdict } from './decide';
import type { Precondition } from './preconditions';

/** A comparison and what is said of it. */
export interface Judged {
  readonly test: LinkTest;
  readonly said: LinkVerdict;
}

/** Runs and trials that are missing for what decides together, in hours of both cores; null where hours do not mend it. */
export function hoursOf(made: readonly Judged[]): number | null {
  const hours = made.map(hoursToMend);
  return hours.length === 0 || hours.includes(null) ? null : hours.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** Four rates by two seeds for each side without its own, and the seeds that are missing, at the mean cost of a run. */
function hoursToMend({ test, said: { preconditions: held } }: Judged): number | null {
  if (test.kind === 'untested') return null;
  const { groups, link } = test;
  const failed = held.filter((one) => !one.held).map(({ name }) => name);
  if (failed.length === 0) return 0;
  const mendable: readonly Precondition['name'][] = ['seeds', 'rates', 'power', 'flat'];
  if (failed.some((name) => !mendable.includes(name))) return null;
  const sides = link.first.length + link.second.length;
  const seeds = sides * Math.max(0, 5 - groups.length);
  const rates = failed.includes('rates') ? sides * (4 * 2 + groups.length) : 0;
  const more = failed.includes('power') || failed.includes('flat') ? sides * 5 : 0;
  return ((seeds + rates + more) * mean(groups.flat().map(({ final }) => final.seconds))) / 3600 / 2;
}
