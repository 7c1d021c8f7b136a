import { crossedInterval, crossedP, type Gap } from '../statistics/crossed';
import { linkText, type Evidence, type Link, type LinkTest, type Tested } from '../statistics/link';
import type { Interval } from '../statistics/statistics';
import type { TuningTable } from '../tuning/tuned';
import type { GateRecord } from './gate-record';
import type { Precondition } from './precondition';
import { preconditions } from './preconditions';
import { control, printedDelta } from './printed';
import { pointOf, roomOf } from './roles';

export type VerdictWord = 'confirmed' | 'contradicted' | 'unresolved' | 'cannot-speak' | 'not-run';

/** One comparison of a finding and what runs say about it. */
export interface LinkVerdict {
  readonly claim: string;
  readonly study: string;
  readonly task: string;
  readonly verdict: VerdictWord;
  /** First minus second, oriented so that above 0 means better; for a ratio first over second. */
  readonly gap: number | null;
  readonly ci: readonly [number, number] | null;
  /** Below it a difference does not matter, in the unit of the gap. */
  readonly delta: number | null;
  readonly seeds: number;
  readonly reason: string;
  readonly preconditions: readonly Precondition[];
  /** The paper's own numbers put through the same comparison, in its points. */
  readonly control: ReturnType<typeof control>;
}

/** What is known when a comparison is judged. */
export interface Deciding {
  readonly level: (test: Tested) => number;
  readonly evidence: Evidence;
  readonly gate: GateRecord | undefined;
  readonly tuning: readonly TuningTable[];
}

/** Whether everything holds that does not depend on what the comparison itself says. */
export function maySpeak(test: Tested, known: Omit<Deciding, 'level'>): boolean {
  const { delta, expected } = sizeOf(test, known.evidence);
  const room = roomOf(test.link, known.evidence);
  return preconditions(test, { ...known, level: 0.95, delta, expected, room }).every(
    ({ held, name }) => held || name === 'power' || name === 'metrics agree',
  );
}

/** What runs say about one comparison. */
export function decide(test: LinkTest, deciding: Deciding): LinkVerdict {
  const { link } = test;
  const what = { claim: linkText(link), study: link.study, task: link.task, control: control(link) };
  if (test.kind === 'untested')
    return { ...what, ...unknown, verdict: 'not-run', seeds: 0, reason: test.reason, preconditions: [] };
  const level = deciding.level(test);
  const interval = crossedInterval(test.found, level);
  const { delta, expected } = sizeOf(test, deciding.evidence);
  const room = roomOf(link, deciding.evidence);
  const held = preconditions(test, { ...deciding, level, delta, expected, room });
  const shown = link.kind === 'ratio' ? Math.exp : (value: number): number => value;
  return {
    ...what,
    ...saidBy(link, held, interval, delta),
    gap: shown(test.found.gap),
    ci: [shown(interval.low), shown(interval.high)],
    delta: link.kind === 'ratio' ? null : delta,
    seeds: test.groups.length,
    preconditions: held,
  };
}

/** The word by the rule where every precondition holds, and why. */
export function saidBy(
  link: Link,
  held: readonly Precondition[],
  interval: Interval,
  delta: number,
): Pick<LinkVerdict, 'verdict' | 'reason'> {
  const failed = held.filter((one) => !one.held);
  const word = wordOf(link, interval, delta);
  if (failed.length === 0) return { verdict: word, reason: reasonOf(word, interval, delta) };
  return { verdict: 'cannot-speak', reason: failed.map(({ name, figure }) => `${name}: ${figure}`).join('; ') };
}

export const unknown = { gap: null, ci: null, delta: null } as const;

/** Where the paper prints nothing. */
const usualDelta: Readonly<Record<string, number>> = { accuracy: 0.01, nll: 0.03 };

/** Delta, and the gap to be expected after the paper, in the unit of the score. */
export function sizeOf(
  { link, metric }: Tested,
  evidence: Evidence,
): { readonly delta: number; readonly expected: number } {
  const usual = link.kind === 'ratio' ? 0 : link.statistic === 'text' ? 1 : (usualDelta[metric] ?? 0.01);
  const points = link.kind === 'ratio' ? undefined : link.points;
  if (points !== undefined) {
    const delta = points * (pointOf(link, evidence) ?? 0.01);
    return { delta, expected: 2 * delta };
  }
  const printed = link.kind === 'ratio' || link.statistic === 'text' ? undefined : printedDelta(link);
  const point = printed === undefined ? undefined : pointOf(link, evidence);
  const delta = printed === undefined || point === undefined ? usual : printed * point;
  return { delta, expected: 2 * delta };
}

/** The rule for one comparison. A gap both above 0 and within delta counts as what the paper said. */
export function wordOf(link: Link, { low, high }: Interval, delta: number): VerdictWord {
  const [from, to] = boundsOf(link, delta);
  if (low > from && high < to) return 'confirmed';
  const outside = link.kind === 'near' || link.kind === 'ratio' ? low > to || high < from : high < from;
  return outside ? 'contradicted' : 'unresolved';
}

/**
 * Two-sided p of the nearest gap at which the word would be another, which is what a word denies: at 0, or at delta on
 * either side.
 */
export function decidingP(link: Link, found: Gap, delta: number): number {
  const ends = boundsOf(link, delta).filter(Number.isFinite);
  return Math.max(...ends.map((end) => crossedP(found, end)));
}

/** Where the interval must lie for the comparison to hold. */
function boundsOf(link: Link, delta: number): readonly [number, number] {
  switch (link.kind) {
    case 'greater':
      return [0, Infinity];
    case 'atLeast':
      return [-delta, Infinity];
    case 'near':
      return [-delta, delta];
    case 'ratio':
      return [Math.log(link.range[0]), Math.log(link.range[1])];
  }
}

function reasonOf(word: VerdictWord, { low, high }: Interval, delta: number): string {
  if (word === 'confirmed') return 'the interval says what the paper says';
  if (word === 'contradicted') return 'the interval says the opposite';
  return low > -delta && high < delta
    ? 'the two are equal: the interval lies within delta of 0'
    : 'the interval allows both';
}
