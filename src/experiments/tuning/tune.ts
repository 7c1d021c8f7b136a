import { UserError } from '../../errors';
import { writeWhole } from '../../files';
import type { PlannedRun } from '../runner/execute';
import { readRun } from '../store/read';
import type { EvalLine, RunRecord } from '../store/record';
import type { StudyReport } from '../runner/report';
import { runPlanned, type RunOptions } from '../runner/run';
import { sealed } from '../../seal';
import { runPath, runSpec } from '../store/spec';
import { mean } from '../statistics/statistics';
import type { Rung, Tunable, TunedFamily } from '../studies/study';
import {
  bestOf,
  logSpaced,
  rangeOf,
  rounded,
  trialSeeds,
  tuningPath,
  type FamilyTuning,
  type Trial,
  type TuningTable,
} from './tuned';

/** Rates that each family begins with, and how often an optimum on the edge may ask for one more. */
const trialsEach = 4;
const mostExtra = 3;

const oneRung: readonly Rung[] = [{ share: 1, seeds: trialSeeds.slice(0, 1), keep: Infinity, validation: 'all' }];

/** What is tried: a method at a learning rate. */
interface Candidate {
  readonly method: string;
  readonly rate: number;
}

/** A family with what it has tried, by rung. */
interface Family extends TunedFamily {
  readonly tried: readonly (readonly Candidate[])[];
}

export interface Tuning {
  readonly table: TuningTable | undefined;
  readonly reports: readonly StudyReport[];
}

/**
 * Tries the same number of log-spaced learning rates for every family, each around its own centre, and keeps the one
 * with the lowest validation loss. Where there are rungs, the best of each go on to longer trials with more seeds
 * (successive halving). On every rung an optimum on the edge of what was tried adds a trial beyond it. The test set is
 * not touched. No table while a trial is missing.
 */
export async function tune(tunable: Tunable, options: RunOptions): Promise<Tuning> {
  const rungs = tunable.rungs ?? oneRung;
  let families: readonly Family[] = tunable.families.map((family) => ({ ...family, tried: [] }));
  const reports: StudyReport[] = [];
  for (const rung of rungs) {
    families = families.map((family) => ({ ...family, tried: [...family.tried, candidates(family, rungs, options)] }));
    for (let round = 0; round <= mostExtra; round++) {
      const report = await runRung(families, rung, options);
      reports.push(report);
      if (report.interrupted || report.failed.length > 0) return { table: undefined, reports };
      const wider = families.map((family) => widened(family, rung, options.results));
      if (round === mostExtra || wider.every((family, i) => family === families[i])) break;
      families = wider;
    }
  }
  return { table: tableOf(tunable, families, options.results), reports };
}

async function runRung(families: readonly Family[], rung: Rung, options: RunOptions): Promise<StudyReport> {
  const plans = families.flatMap((family) =>
    (family.tried[family.tried.length - 1] ?? []).flatMap((candidate) => trialsOf(family, candidate, rung)),
  );
  return withoutDiverged(await runPlanned(plans, options));
}

/** A trial whose loss left the numbers is a trial with a result: the worst. */
function withoutDiverged(report: StudyReport): StudyReport {
  return { ...report, failed: report.failed.filter(({ message }) => !/lower (the|its) learning rate/.test(message)) };
}

/** What a family tries next: every method with every rate, then the best of the rung before. */
function candidates(family: Family, rungs: readonly Rung[], { results }: RunOptions): readonly Candidate[] {
  const { tried, methods = [family.base.method], name } = family;
  const [before, next] = [rungs[tried.length - 1], rungs[tried.length]];
  if (before === undefined || next === undefined)
    return methods.flatMap((method) => logSpaced(rangeOf(name), trialsEach).map((rate) => ({ method, rate })));
  const found = (tried[tried.length - 1] ?? []).map((candidate) => trialOf(family, candidate, before, results));
  const ranked = [...found].sort((a, b) => (a.loss ?? Infinity) - (b.loss ?? Infinity)).slice(0, next.keep);
  return ranked.map(({ rate, method = family.base.method }) => ({ rate, method })).sort((a, b) => a.rate - b.rate);
}

/** Runs of a candidate that are scored on validation and on nothing of test, one for each seed of the rung. */
function trialsOf(
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
function widened(family: Family, rung: Rung, results: string | undefined): Family {
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
function trialOf(family: Family, candidate: Candidate, rung: Rung, results: string | undefined): Trial {
  const records = trialsOf(family, candidate, rung).flatMap(({ spec }) => {
    const stored = readRun(runPath(spec, results));
    return stored.kind === 'finished' ? [stored.record] : [];
  });
  const last = records.flatMap(keptEvaluation);
  const whole = last.length === rung.seeds.length;
  return {
    rate: candidate.rate,
    ...(family.methods === undefined ? {} : { method: candidate.method }),
    ...lengthOf(family, rung, records[0]?.final.steps),
    loss: whole ? mean(last.map(({ loss }) => loss)) : null,
    score: whole ? mean(last.map(({ score }) => score)) : null,
    seconds: records.reduce((sum, { final }) => sum + final.seconds, 0),
  };
}

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

function tableOf(tunable: Tunable, families: readonly Family[], results: string | undefined): TuningTable {
  const first = families[0]?.base;
  const rungs = tunable.rungs ?? oneRung;
  return {
    study: tunable.name,
    model: first?.model ?? '',
    task: first?.task ?? '',
    rule: ruleOf(rungs),
    families: families.map((family): FamilyTuning => {
      const trials = family.tried.flatMap((some, place) =>
        some.map((candidate) => trialOf(family, candidate, rungs[place] as Rung, results)),
      );
      const best = bestOf(trials);
      return {
        family: family.name,
        method: best.method ?? family.base.method,
        chosen: best.rate,
        ...(best.steps === undefined ? {} : { steps: best.steps }),
        ...(best.seeds === undefined ? {} : { seeds: best.seeds }),
        trials,
      };
    }),
  };
}

function ruleOf(rungs: readonly Rung[]): string {
  const rounds = rungs
    .slice(1)
    .map(({ share, seeds, keep }) => `the best ${keep} at ${share} with ${seeds.length} seeds`);
  const first = `${trialsEach} log-spaced rates for each family${rounds.length === 0 ? '' : ` at ${rungs[0]?.share ?? 1} of the length, ${rounds.join(', ')}`}`;
  return `${first}, lowest validation loss; an optimum on an edge adds a counted trial`;
}

/**
 * The part of `tunable` that tunes one family, all of it for ''; an unknown one is a UserError that lists the known
 * ones.
 */
export function onlyFamily(tunable: Tunable, name: string): Tunable {
  const families = tunable.families.filter((family) => name === '' || family.name === name);
  if (families.length > 0) return { ...tunable, families };
  throw new UserError(
    `${tunable.name} has no family "${name}": choose from ${tunable.families.map((family) => family.name).join(', ')}`,
  );
}

/** `table` with the families that an earlier one has besides, in the order of `tunable`. */
export function joined(table: TuningTable, earlier: TuningTable | undefined, { families }: Tunable): TuningTable {
  const of = (name: string): readonly FamilyTuning[] =>
    [table, earlier].flatMap((one) => one?.families.find(({ family }) => family === name) ?? []).slice(0, 1);
  return { ...table, families: families.flatMap(({ name }) => of(name)) };
}

/** Writes the table to `data/tuning/<study>.json`, whole or not at all. Returns its path. */
export function writeTuning(table: TuningTable, path: string = tuningPath(table.study)): string {
  return writeWhole(path, sealed(printTuning(table)));
}

/** One line a trial. */
function printTuning({ families, study, model, task, rule }: TuningTable): string {
  const printed = families
    .map(
      ({ trials, ...family }) =>
        `    ${JSON.stringify(family).slice(0, -1)}, "trials": [\n${trials
          .map((trial) => `      ${JSON.stringify(trial)}`)
          .join(',\n')}\n    ]}`,
    )
    .join(',\n');
  return `${JSON.stringify({ study, model, task, rule }, null, 2).slice(0, -2)},\n  "families": [\n${printed}\n  ]\n}\n`;
}
