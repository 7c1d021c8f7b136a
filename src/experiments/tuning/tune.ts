import { UserError } from '../../errors';
import { writeWhole } from '../../files';
import type { PlannedRun } from '../runner/execute';
import { readRun } from '../store/read';
import { runPlanned, type RunOptions, type StudyReport } from '../runner/run';
import { sealed } from '../../seal';
import { runPath, runSpec } from '../store/spec';
import type { Tunable, TunedFamily } from '../studies/study';
import {
  bestOf,
  logSpaced,
  rangeOf,
  rounded,
  tuningPath,
  type FamilyTuning,
  type Trial,
  type TuningTable,
} from './tuned';

/** Trials of each family, and how many more an optimum on the edge may ask for. */
const trialsEach = 4;
const mostExtra = 3;
/** A seed that no study trains with. */
const seed = 101;

interface Family extends TunedFamily {
  readonly rates: readonly number[];
}

export interface Tuning {
  readonly table: TuningTable | undefined;
  readonly reports: readonly StudyReport[];
}

/**
 * Tries the same number of log-spaced learning rates for every method family, each at its middle size and around its
 * own centre,
 * and keeps the one with the lowest validation loss; an optimum on an edge adds a trial beyond it. The test set is not
 * touched.
 * No table while a trial is missing.
 */
export async function tune(tunable: Tunable, options: RunOptions): Promise<Tuning> {
  let families: readonly Family[] = tunable.families.map((family) => ({
    ...family,
    rates: logSpaced(rangeOf(family.name), trialsEach),
  }));
  const reports: StudyReport[] = [];
  for (let round = 0; round <= mostExtra; round++) {
    const report = withoutDiverged(
      await runPlanned(
        families.flatMap((family) => family.rates.map((rate) => trialOf(family, rate))),
        options,
      ),
    );
    reports.push(report);
    if (report.interrupted || report.failed.length > 0) return { table: undefined, reports };
    const wider = families.map((family) => widened(family, options.results));
    if (wider.every((family, i) => family === families[i])) break;
    families = round === mostExtra ? families : wider;
  }
  return { table: tableOf(tunable.name, families, options.results), reports };
}

/** A trial whose loss left the numbers is a trial with a result: the worst. */
function withoutDiverged(report: StudyReport): StudyReport {
  return { ...report, failed: report.failed.filter(({ message }) => !/lower (the|its) learning rate/.test(message)) };
}

/** A run of the family at `rate` that is scored on all of validation and nothing of test. */
function trialOf({ base, label }: Family, rate: number): PlannedRun {
  const training = {
    ...base.training,
    learningRate: rate,
    scored: { validation: 'all', test: 0 },
    evaluations: 1,
  } as const;
  return { spec: runSpec({ ...base, study: `${base.study}-tuning`, seed, training }), label: `${label}, rate ${rate}` };
}

/** The family with one more rate beyond the edge that its best trial lies on; itself where the best is inside. */
function widened(family: Family, results: string | undefined): Family {
  const { rates, name } = family;
  const best = bestOf(trialsOf(family, results)).rate;
  const [low, high] = rangeOf(name);
  const step = (high / low) ** (1 / (trialsEach - 1));
  if (best === rates[0]) return { ...family, rates: [rounded(best / step), ...rates] };
  if (best === rates[rates.length - 1]) return { ...family, rates: [...rates, rounded(best * step)] };
  return family;
}

function trialsOf(family: Family, results: string | undefined): readonly Trial[] {
  return family.rates.map((rate) => {
    const stored = readRun(runPath(trialOf(family, rate).spec, results));
    if (stored.kind !== 'finished') return { rate, loss: null, score: null, seconds: 0 };
    const last = stored.record.evaluations[stored.record.evaluations.length - 1];
    return { rate, loss: last?.loss ?? null, score: last?.score ?? null, seconds: stored.record.final.seconds };
  });
}

function tableOf(study: string, families: readonly Family[], results: string | undefined): TuningTable {
  const first = families[0]?.base;
  return {
    study,
    model: first?.model ?? '',
    task: first?.task ?? '',
    rule: `${trialsEach} log-spaced rates for each family, lowest validation loss; an optimum on an edge adds a counted trial`,
    families: families.map((family): FamilyTuning => {
      const trials = trialsOf(family, results);
      return { family: family.name, method: family.base.method, trials, chosen: bestOf(trials).rate };
    }),
  };
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
