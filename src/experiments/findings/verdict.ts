import { relative } from 'node:path';
import { projectRoot } from '../../project';
import { bootstrapInterval, type BootstrapSettings } from '../statistics/bootstrap';
import {
  linkText,
  rememberedMeans,
  testLink,
  type Evidence,
  type Link,
  type LinkTest,
  type Tested,
} from '../statistics/link';
import type { RunRecord } from '../store/record';
import { runPath } from '../store/spec';
import { holm, type Interval } from '../statistics/statistics';

export type VerdictWord = 'confirmed' | 'contradicted' | 'unresolved' | 'not-run';

/** A finding is a chain of links and holds only if every link does. */
export interface Finding {
  /** Row of the ablation catalogue: `A1`. */
  readonly id: string;
  readonly paper: Paper;
  /** The finding in one line. */
  readonly text: string;
  /** Table, figure or section. */
  readonly source: string;
  /** Empty where no study decides it yet. */
  readonly links: readonly Link[];
  readonly notebook: string | null;
}

export type Paper = 'he' | 'houlsby' | 'vlm' | 'ai21';
export const papers: readonly Paper[] = ['he', 'houlsby', 'vlm', 'ai21'];

/** One link of a finding and what runs say about it. */
export interface LinkVerdict {
  readonly claim: string;
  readonly study: string;
  readonly task: string;
  readonly verdict: VerdictWord;
  /** First minus second, oriented so that above 0 means better; for a ratio first over second. */
  readonly gap: number | null;
  readonly ci: readonly [number, number] | null;
  readonly seeds: number;
  readonly reason: string;
}

export interface Verdict {
  readonly id: string;
  readonly paper: Paper;
  readonly finding: string;
  readonly source: string;
  readonly verdict: VerdictWord;
  /** Of the deciding link: the weakest. */
  readonly gap: number | null;
  readonly ci: readonly [number, number] | null;
  readonly rule: string;
  readonly reason: string;
  /** Of the deciding link. */
  readonly seeds: number;
  /** Result files, relative to the project. */
  readonly runs: readonly string[];
  readonly notebook: string | null;
  readonly links: readonly LinkVerdict[];
}

export const bootstrapSettings: BootstrapSettings = { resamples: 10000, seed: 1 };

export const rule: string =
  "paired bootstrap over seeds and examples, 95% interval, Holm-corrected over the paper's findings. " +
  'a > b: confirmed above 0, contradicted below 0. a >= b: confirmed above -delta, contradicted below. a = b: confirmed inside +-delta, contradicted ' +
  'outside. A ratio: confirmed inside its range, contradicted outside. Else unresolved. Delta: 1.0 accuracy point, 0.02 nat per token, 0.5 BLEU or ' +
  'ROUGE-2. Generation is judged by target negative log-likelihood per token on test. A chain holds only if every link does; three seeds at least';

export interface JudgeOptions {
  readonly settings?: BootstrapSettings;
  /** Tasks that the base failed the gate on: scores there decide nothing. */
  readonly floors?: readonly string[];
}

/** The verdicts on one paper's findings, which are corrected together. */
export function judge(
  findings: readonly Finding[],
  evidence: Evidence,
  { settings = bootstrapSettings, floors = [] }: JudgeOptions = {},
): readonly Verdict[] {
  const means = rememberedMeans();
  const tests = findings.map((finding) => finding.links.map((link) => testLink(link, evidence, settings, means)));
  const all = tests.flat().filter((test): test is Tested => test.kind === 'tested');
  const levels = new Map(holm(all.map(({ bootstrap }) => bootstrap.p)).map(({ level }, i) => [all[i], level]));
  return findings.map((finding, i) => verdictOf(finding, tests[i] ?? [], { levels, floors }));
}

interface Deciding {
  readonly levels: ReadonlyMap<Tested | undefined, number>;
  readonly floors: readonly string[];
}

/** The weakest link decides: a contradiction, then what was not run, then what is open. */
const weakestFirst: readonly VerdictWord[] = ['contradicted', 'not-run', 'unresolved', 'confirmed'];

function verdictOf(
  { id, paper, text, source, notebook }: Finding,
  tests: readonly LinkTest[],
  deciding: Deciding,
): Verdict {
  const links = tests.map((test) => decide(test, deciding));
  const [weakest] = [...links].sort((a, b) => weakestFirst.indexOf(a.verdict) - weakestFirst.indexOf(b.verdict));
  const paths = tests.flatMap((test) => (test.kind === 'tested' ? test.runs.map(pathOf) : []));
  return {
    id,
    paper,
    finding: text,
    source,
    verdict: weakest?.verdict ?? 'not-run',
    gap: weakest?.gap ?? null,
    ci: weakest?.ci ?? null,
    rule,
    reason: weakest?.reason ?? 'no study yet',
    seeds: weakest?.seeds ?? 0,
    runs: [...new Set(paths)],
    notebook,
    links,
  };
}

function pathOf({ run }: RunRecord): string {
  return relative(projectRoot(), runPath(run.spec));
}

function decide(test: LinkTest, { levels, floors }: Deciding): LinkVerdict {
  const { link } = test;
  const what = { claim: linkText(link), study: link.study, task: link.task };
  if (test.kind === 'untested')
    return { ...what, verdict: 'not-run', gap: null, ci: null, seeds: 0, reason: test.reason };
  const interval = bootstrapInterval(test.bootstrap, levels.get(test));
  const isFloor = link.kind !== 'ratio' && floors.includes(link.task);
  const verdict = isFloor ? 'unresolved' : wordOf(link, interval, test.delta);
  const shown = link.kind === 'ratio' ? Math.exp : (value: number): number => value;
  return {
    ...what,
    verdict,
    gap: shown(test.bootstrap.gap),
    ci: [shown(interval.low), shown(interval.high)],
    seeds: test.seeds,
    reason: `${what.claim}: ${isFloor ? `floor: the base fails the gate on ${link.task}` : reasonOf(verdict, interval, test.delta)}`,
  };
}

/** The rule for one link. A gap both above 0 and within delta counts as what the paper said. */
export function wordOf(link: Link, { low, high }: Interval, delta: number): VerdictWord {
  const [from, to] = boundsOf(link, delta);
  if (low > from && high < to) return 'confirmed';
  const outside = link.kind === 'near' || link.kind === 'ratio' ? low > to || high < from : high < from;
  return outside ? 'contradicted' : 'unresolved';
}

/** Where the interval must lie for the link to hold. */
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
