import { join, resolve } from 'node:path';
import { UserError } from '../../errors';
import type { TrainingSettings } from '../../training/job';
import { canonicalJson, resultsFolder, seedlessHash, type RunSpec } from '../store/spec';
import { rangeOf, readTuning, rounded, type FamilyTuning, type TuningTable } from '../tuning/tuned';
import { familyOf, type Study, type Tunable, type TunedFamily } from './study';
import { tunables } from './tunables';

/** Learning rates of a study of one's own: numbers, those of a stored table, or those that trials find. */
export type RateWish = number | readonly number[] | 'tuned' | 'tune';

export interface OwnRates {
  /** The rates of a method, with the word that tells them apart where there are several. */
  readonly of: (method: string) => readonly { readonly rate: number; readonly word: readonly string[] }[];
  /** What must run before the study can. */
  readonly first: Pick<Study, 'tunable'>;
}

/** @param runs one run of each method, as it is tried where rates are to be found */
export function ownRates(wish: RateWish, runs: readonly RunSpec[]): OwnRates {
  const alone = (rate: number): ReturnType<OwnRates['of']> => [{ rate, word: [] }];
  if (wish === 'tune') {
    const tunable = tunableOf(runs);
    return { of: (method) => alone(foundRate(tunable, method)), first: { tunable } };
  }
  const [run] = runs;
  if (wish === 'tuned') {
    for (const one of runs) storedRate(one);
    return { of: (method) => alone(storedRate({ ...(run as RunSpec), method })), first: {} };
  }
  if (typeof wish === 'number') return { of: () => alone(wish), first: {} };
  if (!Array.isArray(wish) || wish.length === 0)
    throw new UserError(`rate ${JSON.stringify(wish)} is none: give a number, a list of numbers, 'tuned' or 'tune'`);
  return { of: () => wish.map((rate) => ({ rate, word: wish.length > 1 ? [`rate=${rate}`] : [] })), first: {} };
}

/** `lora`, and `prefix+lora` where methods are joined. */
function ownFamilyOf(method: string): string {
  return method.split('+').map(familyOf).join('+');
}

/**
 * Where the table of a study of one's own is kept, beside the trials. Task, model and settings give it its name: a study
 * of the same name on other data looks for rates of its own.
 */
export function ownTablePath({ name, families }: Tunable, results: string = resultsFolder()): string {
  const base = families[0]?.base;
  if (base === undefined) throw new Error('nothing to tune');
  const setting = seedlessHash({ ...base, method: '', training: { ...base.training, learningRate: 0 } });
  return join(results, `${name}-tuning`, `table-${setting}.json`);
}

/** The table that trials of this very task, model and settings have made. */
export function ownTable(tunable: Tunable, results?: string): TuningTable | undefined {
  return readTuning(tunable.name, ownTablePath(tunable, results), ', and its study finds its rates again');
}

/** Whether every family has its rate. */
export function hasRates({ families }: Tunable, table: TuningTable | undefined): boolean {
  return families.every(({ name }) => table?.families.some(({ family }) => family === name));
}

/** Each family at its middle size. */
function tunableOf(runs: readonly RunSpec[]): Tunable {
  const families = new Map<string, RunSpec[]>();
  for (const run of runs) {
    const family = ownFamilyOf(run.method);
    families.set(family, [...(families.get(family) ?? []), run]);
  }
  return {
    name: runs[0]?.study ?? '',
    families: [...families].map(([name, some]): TunedFamily => {
      const base = some[Math.floor(some.length / 2)] as RunSpec;
      return { name, base, label: base.method };
    }),
  };
}

/** What trials have found, or the middle of the range where they have not run. */
function foundRate(tunable: Tunable, method: string): number {
  const family = ownFamilyOf(method);
  if (!tunable.families.some((one) => one.name === family))
    throw new UserError(`no trial finds a rate of "${method}": give the study a method of ${family}, or rate a number`);
  const found = ownTable(tunable)?.families.find((entry) => entry.family === family);
  const [low, high] = rangeOf(familyOf(method));
  return found?.chosen ?? rounded(Math.sqrt(low * high));
}

/** Refuses a folder of results that the study does not read its rates from. */
export function demandUsual({ tunable, name }: Study, results?: string): void {
  if (tunable === undefined || results === undefined || resolve(results) === resolve(resultsFolder())) return;
  throw new UserError(
    `study ${name} finds its rates and keeps them in ${resultsFolder()}, not in ${results}: leave results out, set PETL_RESULTS, or give rate a number`,
  );
}

/** Refuses to train at rates that trials have yet to find. */
export function demandFound(study: Study, results?: string): void {
  demandUsual(study, results);
  const { tunable, name } = study;
  if (tunable === undefined) return;
  if (hasRates(tunable, ownTable(tunable, results))) return;
  throw new UserError(`study ${name} has yet to find its learning rates: await runStudy(study) first`);
}

/** Settings under which a rate is another rate. */
const decisive = ['batch', 'accumulation', 'schedule', 'optimizer', 'labelSmoothing', 'dropout'] as const;

/** The rate of the stored table whose model, task and configuration are those of the run. */
function storedRate(run: RunSpec): number {
  const key = ({ model, task, training }: RunSpec): string =>
    canonicalJson([model, task, decisive.map((name: keyof TrainingSettings) => training[name])]);
  for (const [name, make] of Object.entries(tunables)) {
    const base = make().families.find((family) => family.name === familyOf(run.method));
    const entry: FamilyTuning | undefined = readTuning(name)?.families.find(
      ({ family }) => family === familyOf(run.method),
    );
    if (base !== undefined && entry !== undefined && !run.method.includes('+') && key(base.base) === key(run))
      return entry.chosen;
  }
  throw new UserError(
    `no stored table has a rate of ${familyOf(run.method)} for ${run.model} on ${run.task} under these settings: give rate a number, or 'tune'`,
  );
}
