import type { PlannedRun } from '../runner/execute';
import type { RunOptions } from '../runner/state';
import { mean } from '../statistics/statistics';
import { readRun } from '../store/read';
import type { EvalLine, RunRecord } from '../store/record';
import { runPath, runSpec } from '../store/spec';
import type { Rung, TunedFamily } from '../studies/study';
import { bestOf, logSpaced, rangeOf, rounded, type Trial } from './tuned';

/** Rates that each family begins with. */
export const trialsEach = 4;

/** What is tried: a method at a learning rate. */
export interface Candidate {
  readonly method: string;
  readonly rate: number;
}

/** A family with what it has tried, by rung. */
export interface Family extends TunedFamily {
  readonly tried: readonly (readonly Candidate[])[];
}

/** What a family tries next: every method with every rate, then the best of the rung before. */
export function candidates(family: Family, rungs: readonly Rung[], { results }: RunOptions): readonly Candidate[] {
  const { tried, methods = [family.base.method], name } = family;
  const [before, next] = [rungs[tried.length - 1], rungs[tried.length]];
  if (before === undefined || next === undefined)
    return methods.flatMap((method) => logSpaced(rangeOf(name), trialsEach).map((rate) => ({ method, rate })));
  const found = (tried[tried.length - 1] ?? []).map((candidate) => trialOf(family, candidate, before, results));
  const ranked = [...found].sort((a, b) => (a.loss ?? Infinity) - (b.loss ?? Infinity)).slice(0, next.keep);
  return ranked.map(({ rate, method = family.base.method }) => ({ rate, method })).sort((a, b) => a.rate - b.rate);
}

/** Runs of a candidate that are scored on validation and on nothing of test, one for each seed of the rung. */
export function trialsOf(
  { base, label }: Family,
  { method, rate }: Candidate,
  { share, seeds, validation }: Rung,
): readonly PlannedRun[] {
  const { examples } = base.training;
  const training = {
    ...base.training,
    examples: examples === 'all' ? examples : Math.round(examples * share),
    learningRate: rate,
    scored: { validation, test: 0 },
    evaluations: base.training.best === null ? 1 : base.training.evaluations,
  } as const;
  return seeds.map((seed) => ({
    spec: runSpec({ ...base, method, study: `${base.study}-tuning`, seed, training }),
    label: `${label}, rate ${rate}`,
  }));
}

/** The family with one more rate beyond the edge that its best trial lies on; itself where the best is inside. */
export function widened(family: Family, rung: Rung, results: string | undefined): Family {
  const { tried, name } = family;
  const now = tried[tried.length - 1] ?? [];
  const { rate: best, method = family.base.method } = bestOf(
    now.map((candidate) => trialOf(family, candidate, rung, results)),
  );
  const rates = tried.flat().flatMap((one) => (one.method === method ? [one.rate] : []));
  const [low, high] = rangeOf(name);
  const step = (high / low) ** (1 / (trialsEach - 1));
  const put = (more: readonly Candidate[]): Family => ({ ...family, tried: [...tried.slice(0, -1), more] });
  if (best === Math.min(...rates)) return put([{ method, rate: rounded(best / step) }, ...now]);
  if (best === Math.max(...rates)) return put([...now, { method, rate: rounded(best * step) }]);
  return family;
}

/** The validation of the step that a run kept. */
function keptEvaluation({ evaluations, final }: RunRecord): readonly EvalLine[] {
  return evaluations.filter(({ step }, i) =>
    final.kept === null ? i === evaluations.length - 1 : step === final.kept,
  );
}

/** What the runs of a candidate gave; no loss where one of them left the numbers. */
export function trialOf(family: Family, candidate: Candidate, rung: Rung, results: string | undefined): Trial {
  const records = trialsOf(family, candidate, rung).flatMap(({ spec }) => {
    const stored = readRun(runPath(spec, results));
    return stored.kind === 'finished' ? [stored.record] : [];
  });
  const last = records.flatMap(keptEvaluation);
  const whole = last.length === rung.seeds.length;
  return {
    rate: candidate.rate,
    ...(family.methods === undefined ? {} : { method: candidate.method }),
    ...lengthOf(family, rung, plannedSteps(records[0])),
    loss: whole ? mean(last.map(({ loss }) => loss)) : null,
    score: whole ? mean(last.map(({ score }) => score)) : null,
    seconds: records.reduce((sum, { final }) => sum + final.seconds, 0),
  };
}

/** Those it was to take: one that stopped early is no shorter than its peers. */
const plannedSteps = (record: RunRecord | undefined): number | undefined =>
  record?.train[0]?.steps ?? record?.final.steps;

/** Steps and seeds of a trial, also where it diverged. */
function lengthOf(
  { base }: Family,
  { share, seeds }: Rung,
  found: number | undefined,
): Required<Pick<Trial, 'steps' | 'seeds'>> {
  const { examples, batch, accumulation, epochs } = base.training;
  const planned = examples === 'all' ? 1 : Math.ceil((examples * share * epochs) / (batch * accumulation));
  return { steps: found ?? planned, seeds: seeds.length };
}
