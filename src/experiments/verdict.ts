import type { RunRecord } from './record';
import { bootstrapInterval, holm, pairedBootstrap, type Bootstrap, type BootstrapSettings, type Interval } from './statistics';

export type VerdictWord = 'confirmed' | 'contradicted' | 'equal' | 'unresolved' | 'not-run';

/** A variant of a study, by its name there. */
export type VariantName = string;

/**
 * What a paper found, as something that runs can decide. `greater`: `better` scores above `worse`. `near`: the two differ by less
 * than delta either way. A finding is a chain of links and holds only if every link does.
 */
export type Link =
  | { readonly kind: 'greater'; readonly better: VariantName; readonly worse: VariantName }
  | { readonly kind: 'near'; readonly a: VariantName; readonly b: VariantName };

export interface Finding {
  /** Row of the ablation catalogue, with a letter where the row has several findings: `A1a`. */
  readonly id: string;
  readonly paper: Paper;
  /** The finding in one line. */
  readonly text: string;
  /** Table, figure or section. */
  readonly source: string;
  readonly links: readonly Link[];
  /** Study that decides it; none yet for `not-run`. */
  readonly study: string | null;
  readonly notebook: string | null;
}

export type Paper = 'he' | 'houlsby' | 'vlm' | 'ai21';
export const papers: readonly Paper[] = ['he', 'houlsby', 'vlm', 'ai21'];

/** Differences smaller than this do not matter, in the unit of a metric's per-example scores. */
const deltas: Readonly<Record<string, { readonly delta: number; readonly sign: 1 | -1 }>> = {
  accuracy: { delta: 0.01, sign: 1 },
  nll: { delta: 0.02, sign: -1 },
  bleu: { delta: 0.5, sign: 1 },
  rouge2: { delta: 0.5, sign: 1 },
};

export interface Verdict {
  readonly id: string;
  readonly paper: Paper;
  readonly finding: string;
  readonly source: string;
  readonly verdict: VerdictWord;
  /** Of the deciding link, first minus second, oriented so that above 0 means better. */
  readonly gap: number | null;
  readonly ci: readonly [number, number] | null;
  readonly rule: string;
  readonly reason: string;
  readonly seeds: number;
  readonly runs: readonly string[];
  readonly notebook: string | null;
}

/** The runs of each variant of a study, by the variant's name. */
export type Evidence = (study: string, variant: VariantName) => readonly RunRecord[];

export const bootstrapSettings: BootstrapSettings = { resamples: 4000, seed: 1 };

export const rule: string = 'paired bootstrap over seeds and examples, 95% interval, Holm-corrected over the paper\'s findings: '
  + 'confirmed above 0 (near: inside +-delta), contradicted below 0 (near: outside), equal inside +-delta, else unresolved; '
  + 'delta 1.0 accuracy point, 0.02 nat, 0.5 BLEU or ROUGE-2; a chain holds only if every link does';

/** The verdicts on one paper's findings, which are corrected together. */
export function judge(findings: readonly Finding[], evidence: Evidence, settings: BootstrapSettings = bootstrapSettings): readonly Verdict[] {
  const tests = findings.map((finding) => finding.links.map((link) => testOf(finding, link, evidence, settings)));
  const all = tests.flat().filter((test): test is Tested => test.kind === 'tested');
  const levels = new Map(holm(all.map(({ bootstrap }) => bootstrap.p)).map(({ level }, i) => [all[i], level]));
  return findings.map((finding, i) => verdictOf(finding, (tests[i] ?? []).map((test) => decide(test, levels))));
}

interface Tested { readonly kind: 'tested'; readonly link: Link; readonly bootstrap: Bootstrap; readonly delta: number; readonly seeds: number; readonly runs: readonly string[] }
type Test = Tested | { readonly kind: 'untested'; readonly link: Link; readonly reason: string };

function testOf(finding: Finding, link: Link, evidence: Evidence, settings: BootstrapSettings): Test {
  if (finding.study === null) return { kind: 'untested', link, reason: 'no study yet' };
  const [first, second] = pairOf(link);
  const pairs = pairSeeds(evidence(finding.study, first), evidence(finding.study, second));
  const metric = pairs[0]?.[0].final.metric ?? '';
  const measure = deltas[metric];
  if (pairs.length === 0) return { kind: 'untested', link, reason: `no finished runs of ${first} and ${second} with a common seed: npx petl study ${finding.study} --tier full` };
  if (measure === undefined) return { kind: 'untested', link, reason: `no delta is declared for the metric ${metric}` };
  const differences = pairs.map(([a, b]) => a.final.perExample.map((value, i) => measure.sign * (value - (b.final.perExample[i] ?? Number.NaN))));
  return { kind: 'tested', link, bootstrap: pairedBootstrap(differences, settings), delta: measure.delta, seeds: pairs.length, runs: pairs.flat().map(({ run }) => run.id) };
}

export function pairOf(link: Link): readonly [VariantName, VariantName] {
  return link.kind === 'greater' ? [link.better, link.worse] : [link.a, link.b];
}

/** Runs with the same seed, scored on the same examples. */
export function pairSeeds(first: readonly RunRecord[], second: readonly RunRecord[]): readonly (readonly [RunRecord, RunRecord])[] {
  return first.flatMap((a) => {
    const b = second.find(({ run, final }) => run.spec.seed === a.run.spec.seed && final.tests.hash === a.final.tests.hash);
    return b === undefined ? [] : [[a, b] as const];
  });
}

interface Decision { readonly word: VerdictWord; readonly reason: string; readonly test: Test; readonly interval: Interval | null }

function decide(test: Test, levels: ReadonlyMap<Tested | undefined, number>): Decision {
  if (test.kind === 'untested') return { word: 'not-run', reason: test.reason, test, interval: null };
  const interval = bootstrapInterval(test.bootstrap, levels.get(test));
  const word = wordOf(test.link, interval, test.delta);
  const [first, second] = pairOf(test.link);
  return { word, reason: `${first} minus ${second}: ${reasons[word]}`, test, interval };
}

const reasons: Readonly<Record<VerdictWord, string>> = {
  confirmed: 'the interval says what the paper says', contradicted: 'the interval says the opposite',
  equal: 'the interval lies within delta of 0', unresolved: 'the interval allows both', 'not-run': 'not run',
};

/** The rule for one link. A gap both above 0 and within delta counts as what the paper said. */
export function wordOf(link: Link, { low, high }: Interval, delta: number): VerdictWord {
  const inside = low > -delta && high < delta;
  if (link.kind === 'near') return inside ? 'confirmed' : low > delta || high < -delta ? 'contradicted' : 'unresolved';
  if (low > 0) return 'confirmed';
  if (high < 0) return 'contradicted';
  return inside ? 'equal' : 'unresolved';
}

/** The weakest link decides: a contradiction, then what was not run, then what is open, then what is equal. */
const weakestFirst: readonly VerdictWord[] = ['contradicted', 'not-run', 'unresolved', 'equal', 'confirmed'];

function verdictOf(finding: Finding, decisions: readonly Decision[]): Verdict {
  const [weakest] = [...decisions].sort((a, b) => weakestFirst.indexOf(a.word) - weakestFirst.indexOf(b.word));
  const { id, paper, text, source, notebook } = finding;
  const tested = decisions.flatMap(({ test }) => (test.kind === 'tested' ? [test] : []));
  return {
    id, paper, finding: text, source,
    verdict: weakest?.word ?? 'not-run',
    gap: weakest?.test.kind === 'tested' ? weakest.test.bootstrap.gap : null,
    ci: weakest?.interval ? [weakest.interval.low, weakest.interval.high] : null,
    rule, reason: weakest?.reason ?? 'no study yet',
    seeds: tested.length === 0 ? 0 : Math.min(...tested.map(({ seeds }) => seeds)),
    runs: [...new Set(tested.flatMap(({ runs }) => runs))], notebook,
  };
}
