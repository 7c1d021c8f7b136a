import { relative } from 'node:path';
import { projectRoot } from '../../project';
import { testLink, type Columns, type Evidence, type Link, type LinkTest, type Tested } from '../statistics/link';
import { holm } from '../statistics/statistics';
import type { RunRecord } from '../store/record';
import { canonicalJson, runPath } from '../store/spec';
import type { TuningTable } from '../tuning/tuned';
import { decide, decidingP, maySpeak, sizeOf, type Deciding, type LinkVerdict, type VerdictWord } from './decide';
import type { Exact } from './exact';
import type { GateRecord } from './gate-record';
import { hoursOf, type Judged } from './hours';
import { decideMean, meanP, ofMean } from './mean';
import type { Precondition } from './precondition';

/** A statement of a paper, and the comparisons that stand for it here; the first decides, or the worst or the mean of several. */
export interface Finding {
  /** Row of the ablation catalogue: `A1`. */
  readonly id: string;
  readonly paper: Paper;
  /** What the paper says, in one line. */
  readonly text: string;
  /** Table, figure or section. */
  readonly source: string;
  /** A claim of the paper; a remark, or what stands in its appendix, its code or single runs, says so. */
  readonly standing: Standing;
  /** Empty where no study decides it yet. */
  readonly links: readonly Link[];
  /** Of a statement on each of several things: so many links, from the first on, of which the worst decides. */
  readonly worstOf?: number;
  /** Of a statement on a mean over tasks: each link is of one of them, and their mean decides. */
  readonly decidedBy?: 'mean';
  /** Why no comparison here can decide it, where that is so whatever is run. */
  readonly mute?: string;
  /** What decides it where no comparison of runs does; undefined where its record is not made yet. */
  readonly exact?: () => Exact | undefined;
  readonly notebook: string | null;
}

export type Standing = 'claim' | 'remark' | 'single runs' | 'appendix' | 'released code';

export type Paper = 'he' | 'houlsby' | 'vlm' | 'ai21';
export const papers: readonly Paper[] = ['he', 'houlsby', 'vlm', 'ai21'];

/** What the runs say of one finding of a paper. */
export interface Verdict {
  readonly id: string;
  readonly paper: Paper;
  readonly finding: string;
  readonly source: string;
  readonly standing: Standing;
  readonly verdict: VerdictWord;
  /** The comparison that the verdict is that of. */
  readonly deciding: string;
  readonly gap: number | null;
  readonly ci: readonly [number, number] | null;
  readonly rule: string;
  readonly reason: string;
  readonly seeds: number;
  /** Of the deciding comparison. */
  readonly preconditions: readonly Precondition[];
  /** How many of the comparisons hold. */
  readonly links: { readonly held: number; readonly of: number };
  readonly comparisons: readonly LinkVerdict[];
  /** Runs and trials that are missing for the preconditions, in hours of both cores; null where hours do not mend it. */
  readonly hours: number | null;
  /** Result files, relative to the project. */
  readonly runs: readonly string[];
  readonly notebook: string | null;
}

/** The rule by which comparisons become verdicts, in words. */
export const rule: string =
  'second edition: crossed effects of seeds and examples, 95% interval, Holm-corrected over the comparisons of the paper ' +
  'whose settings may speak. ' +
  'a > b: confirmed above 0, contradicted below 0. a >= b: confirmed above -delta, contradicted below. a = b: confirmed ' +
  'inside +-delta, contradicted outside. A ratio: confirmed inside its range, contradicted outside. Else unresolved; and ' +
  'cannot-speak wherever a precondition fails (docs/studies.md lists them). Delta is half of the gap that the paper ' +
  'prints, in our unit; 1.0 accuracy point or 0.03 nat where it prints none. A verdict is that of its deciding comparison, ' +
  'the worst of several where each of them must hold, the mean over tasks where a mean is what is said, and confirmed only where no other comparison is contradicted';

/** What is known beside the runs. */
export interface JudgeOptions {
  readonly gate?: GateRecord | undefined;
  readonly tuning?: readonly TuningTable[];
  readonly columns?: Columns;
}

/**
 * The verdicts on one paper's findings. Holm's correction goes over the comparisons that are made in settings which may
 * speak, each counted once, and each look at one: what is said of a setting, of rates and of training is known before
 * any two methods are compared.
 */
export function judge(
  findings: readonly Finding[],
  evidence: Evidence,
  { gate, tuning = [], columns }: JudgeOptions = {},
): readonly Verdict[] {
  const tests = findings.map((finding) => finding.links.map((link) => testLink(link, evidence, columns)));
  const all = tests.flat().filter((test): test is Tested => test.kind === 'tested');
  const known = { evidence, gate, tuning };
  const speaking = new Map(all.filter((test) => maySpeak(test, known)).flatMap((test) => looksOf(test, evidence)));
  findings.forEach(({ id, decidedBy }, i) => {
    const own = tests[i] ?? [];
    const speaks = own.every((test) => test.kind === 'tested' && speaking.has(keyOf(test)));
    if (decidedBy === 'mean' && speaks) speaking.set(meanKey(id), meanP(own, evidence));
  });
  const levels = holm([...speaking.values()]);
  const level = new Map([...speaking.keys()].map((key, i) => [key, levels[i]?.level]));
  const deciding: Deciding = { ...known, level: (test) => level.get(keyOf(test)) ?? 0.95 };
  return findings.map((finding, i) =>
    verdictOf(finding, tests[i] ?? [], deciding, level.get(meanKey(finding.id)) ?? 0.95),
  );
}

/** The comparison with all its seeds, and the look before that at five: each could have decided. */
function looksOf(test: Tested, evidence: Evidence): readonly (readonly [key: string, p: number])[] {
  const key = keyOf(test);
  const { delta } = sizeOf(test, evidence);
  const earlier =
    test.before === undefined ? [] : [[`${key} before`, decidingP(test.link, test.before, delta)] as const];
  return [[key, decidingP(test.link, test.found, delta)], ...earlier];
}

/** The comparison of a finding's mean. */
const meanKey = (id: string): string => `mean of ${id}`;

/** The comparison, whichever finding asks for it and whichever studies show its runs. */
function keyOf({ link, groups }: Tested): string {
  const runs = groups.map((group) => group.map(({ run }) => run.id));
  const shown = { study: null, first: link.first.length, second: link.second.length };
  return canonicalJson({ ...link, ...shown, ...(link.kind !== 'ratio' && { printed: null, contrast: null }), runs });
}

function verdictOf(finding: Finding, tests: readonly LinkTest[], deciding: Deciding, meanLevel: number): Verdict {
  const { id, paper, text, source, standing, notebook } = finding;
  const made = worstFirst(
    tests.map((test) => ({ test, said: decide(test, deciding) })),
    finding.worstOf ?? 1,
  );
  const singles = made.map(({ said }) => said);
  const isMean = finding.decidedBy === 'mean';
  const comparisons = isMean ? [decideMean({ tests, singles }, meanLevel, deciding), ...singles] : singles;
  const [first] = comparisons;
  return {
    id,
    paper,
    finding: text,
    source,
    standing,
    ...saidOf(finding, comparisons),
    deciding: first?.claim ?? '',
    gap: first?.gap ?? null,
    ci: first?.ci ?? null,
    rule,
    seeds: first?.seeds ?? 0,
    preconditions: first?.preconditions ?? [],
    links: { held: comparisons.filter(({ verdict }) => verdict === 'confirmed').length, of: comparisons.length },
    comparisons,
    hours: finding.mute === undefined ? hoursOf(isMean ? ofMean(made, first) : deciders(finding, made)) : null,
    runs: [...new Set(tests.flatMap((test) => (test.kind === 'tested' ? test.groups.flat().map(pathOf) : [])))],
    notebook,
  };
}

/** The comparisons that the word waits for: all that must hold together, unless one of them has decided. */
function deciders({ worstOf = 1 }: Finding, made: readonly Judged[]): readonly Judged[] {
  return made.slice(0, made[0]?.said.verdict === 'cannot-speak' ? worstOf : 1);
}

const fromWorst: readonly VerdictWord[] = ['not-run', 'contradicted', 'cannot-speak', 'unresolved', 'confirmed'];

/** The worst of the first `count`, by word and then by gap, before the others. */
function worstFirst(made: readonly Judged[], count: number): readonly Judged[] {
  const rank = ({ said }: Judged): number => fromWorst.indexOf(said.verdict);
  const sorted = made.slice(0, count).sort((a, b) => rank(a) - rank(b) || (a.said.gap ?? 0) - (b.said.gap ?? 0));
  return [...sorted, ...made.slice(count)];
}

/** Word and reason: of what is exact, of what nothing here decides, else of the first comparison. */
function saidOf(
  { exact, mute, links }: Finding,
  comparisons: readonly LinkVerdict[],
): { readonly verdict: VerdictWord; readonly reason: string } {
  if (exact !== undefined) {
    const found = exact();
    if (found === undefined) return { verdict: 'not-run', reason: 'not measured yet' };
    return { verdict: found.holds ? 'confirmed' : 'contradicted', reason: `exact: ${found.reason}` };
  }
  const [first] = comparisons;
  const { verdict, reason } = first ?? { verdict: 'not-run', reason: 'no study yet' };
  if (mute !== undefined && (links.length === 0 || verdict !== 'not-run'))
    return { verdict: 'cannot-speak', reason: mute };
  const isBroken = comparisons.some((one) => one.verdict === 'contradicted');
  return { verdict: verdict === 'confirmed' && isBroken ? 'unresolved' : verdict, reason };
}

function pathOf({ run }: RunRecord): string {
  return relative(projectRoot(), runPath(run.spec));
}
