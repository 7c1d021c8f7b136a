import { seedsToDecide, type LinkTest } from '../statistics/link';
import { mean } from '../statistics/statistics';
import type { LinkVerdict } from './decide';
import type { Precondition } from './precondition';

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

/**
 * Four rates by two seeds for each side without its own, as many seeds again where training was too short, and the seeds
 * that are missing, at the mean cost of a run.
 */
function hoursToMend({ test, said: { preconditions: held } }: Judged): number | null {
  if (test.kind === 'untested') return null;
  const { groups, link } = test;
  const lacking = held.filter((one) => !one.held);
  const failed = lacking.map(({ name }) => name);
  if (failed.length === 0) return 0;
  const mendable: readonly Precondition['name'][] = ['seeds', 'rates', 'power', 'flat'];
  const wanted = lacking.map(({ seeds = seedsToDecide }) => seeds);
  if (failed.some((name) => !mendable.includes(name)) || wanted.includes(null)) return null;
  const seeds = Math.max(...wanted.map(Number)) - groups.length;
  const rates = failed.includes('rates') ? 4 * 2 + groups.length : 0;
  const again = failed.includes('flat') ? seedsToDecide : 0;
  const runs = (link.first.length + link.second.length) * (Math.max(0, seeds) + rates + again);
  return (runs * mean(groups.flat().map(({ final }) => final.seconds))) / 3600 / 2;
}
