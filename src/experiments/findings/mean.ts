import { crossedInterval, type Crossed } from '../statistics/crossed';
import { linkText, type LinkTest, type Tested } from '../statistics/link';
import { mean } from '../statistics/statistics';
import { decidingP, saidBy, sizeOf, unknown, type Deciding, type LinkVerdict } from './decide';
import type { Judged } from './hours';
import type { Precondition } from './precondition';
import { powerful } from './preconditions';

/** One comparison on several tasks, taken as a statement of their mean, and what is said of each. */
export interface MeanOf {
  readonly tests: readonly LinkTest[];
  readonly singles: readonly LinkVerdict[];
}

const isTested = (test: LinkTest): test is Tested => test.kind === 'tested';
const gapsOf = (tests: readonly LinkTest[]): readonly Crossed[] => tests.filter(isTested).map(({ found }) => found);

/** The p that the mean's word rests on. */
export function meanP(tests: readonly LinkTest[], evidence: Deciding['evidence']): number {
  const whole = tests.filter(isTested);
  const [first] = whole;
  if (first === undefined) throw new Error('a mean over no task');
  return decidingP(first.link, gapsOf(tests), sizesOf(whole, evidence).delta);
}

/**
 * What runs say of the mean over tasks, each weighing the same: every precondition must hold on every task, but for
 * power, which is that of the mean.
 */
export function decideMean({ tests, singles }: MeanOf, level: number, { evidence }: Deciding): LinkVerdict {
  const [test] = tests;
  const [single] = singles;
  if (test === undefined || single === undefined) throw new Error('a mean over no task');
  const { link } = test;
  const what = {
    claim: `mean of ${tests.length} tasks: ${linkText(link).replace(` on ${link.task}`, '')}`,
    study: link.study,
    task: `${tests.length} tasks`,
    control: single.control,
  };
  const missing = tests.find((one) => one.kind === 'untested');
  if (missing?.kind === 'untested')
    return { ...what, ...unknown, verdict: 'not-run', seeds: 0, reason: missing.reason, preconditions: [] };
  const whole = tests.filter(isTested);
  const gaps = gapsOf(tests);
  const { delta, expected } = sizesOf(whole, evidence);
  const interval = crossedInterval(gaps, level);
  const held = [...onEvery(singles), powerful(gaps, { delta, expected, level })];
  return {
    ...what,
    ...saidBy(link, held, interval, delta),
    gap: mean(gaps.map(({ gap }) => gap)),
    ci: [interval.low, interval.high],
    delta,
    seeds: Math.min(...whole.map(({ groups }) => groups.length)),
    preconditions: held,
  };
}

/** What is said of each task, with the power that is asked for: that of the mean. */
export function ofMean(made: readonly Judged[], mean: LinkVerdict | undefined): readonly Judged[] {
  const power = mean?.preconditions.filter(({ name }) => name === 'power') ?? [];
  return made.map(({ test, said }) => {
    const others = said.preconditions.filter(({ name }) => name !== 'power');
    return { test, said: { ...said, preconditions: [...others, ...power] } };
  });
}

/** The one delta of all of them. */
function sizesOf(tests: readonly Tested[], evidence: Deciding['evidence']): ReturnType<typeof sizeOf> {
  const [first, ...others] = tests.map((test) => sizeOf(test, evidence));
  if (first === undefined || others.some(({ delta }) => delta !== first.delta))
    throw new Error('a mean of comparisons that have no common delta');
  return first;
}

/** Each precondition but power, held where it is on every task; else the tasks where it is not, by what is said there. */
function onEvery(singles: readonly LinkVerdict[]): readonly Precondition[] {
  const names = [...new Set(singles.flatMap(({ preconditions }) => preconditions.map(({ name }) => name)))];
  return names
    .filter((name) => name !== 'power')
    .map((name) => {
      const failed = new Map<string, readonly string[]>();
      for (const { task, preconditions } of singles)
        for (const { figure } of preconditions.filter((one) => one.name === name && !one.held))
          failed.set(figure, [...(failed.get(figure) ?? []), task]);
      const said = [...failed].map(([figure, tasks]) => `${tasks.join(', ')}: ${figure}`);
      return { name, held: said.length === 0, figure: said.join('; ') || 'on every task' };
    });
}
