import { writeWhole } from '../../files';
import { sealed } from '../../seal';
import type { Rung, Tunable, TunedFamily } from '../studies/study';
import { trialOf, trialsEach, type Family } from './candidates';
import { bestOf, tuningPath, type FamilyTuning, type TuningTable } from './tuned';

/** What the families have tried, by the rungs that they went through. */
export function tableOf(
  { name: study }: Tunable,
  rungs: readonly Rung[],
  families: readonly Family[],
  results: string | undefined,
): TuningTable {
  const first = families[0]?.base;
  return {
    study,
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
        ...(family.base.training.teacher === null ? {} : { teacher: family.base.training.teacher }),
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

/** Families that the table has no rate of, or one that was found on other texts than their teacher's of today. */
export function untuned({ families }: Tunable, table: TuningTable | undefined): readonly TunedFamily[] {
  return families.filter(
    ({ name, base }) =>
      table?.families.some(({ family, teacher = null }) => family === name && teacher === base.training.teacher) !==
      true,
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
