import type { PlannedRun } from '../runner/execute';
import { parseMethod, printMethod } from '../../petl/design/written';
import { runSpec, type RunSpec, type Tier } from '../store/spec';

/** A set of runs that shows one idea: variants that differ in one thing, each with its seeds. */
export interface Study {
  readonly name: string;
  readonly tier: Tier;
  /** One line. */
  readonly title: string;
  /** Title of its figures of scores, where scores are not what its title speaks of. */
  readonly scores?: string;
  /** Paper, section or table that it follows. */
  readonly source: string;
  /** Rows of the ablation catalogue that it serves. */
  readonly rows: readonly string[];
  readonly notebook: string;
  /** Written form of the method drawn as a line: full fine-tuning. */
  readonly reference: string;
  readonly variants: readonly Variant[];
  /** Times and memory are what it measures: one run at a time, each in a process of its own. */
  readonly alone?: true;
  /** About how long a full run takes, for runs that lie in no block of the compute plan. */
  readonly minutes?: number;
  /** What finds the study's learning rates, and runs before it. */
  readonly tunable?: Tunable;
  /** The variant of a method that the study does not list, under the settings of those it lists. */
  readonly also?: (method: string) => Variant;
  /** Where methods are held against full fine-tuning: its figure shows these gaps in place of scores. */
  readonly trends?: readonly TrendPoint[];
}

/** Methods at one place of an axis, full fine-tuning first; the runs may be those of another study. */
export interface TrendPoint {
  readonly axis: string;
  readonly place: string;
  readonly methods: readonly Pick<Variant, 'label' | 'runs'>[];
  /** What makes the runs: a command, or what it waits for. */
  readonly made: string;
}

/** A method family at the size it is tuned at. */
export interface TunedFamily {
  readonly name: string;
  /** What a trial runs, but for the rate and what is scored. */
  readonly base: RunSpec;
  readonly label: string;
  /** Written forms that are tried each with every rate, such as those of several scales; the base's where left out. */
  readonly methods?: readonly string[];
}

/** A round of trials: of the candidates before it the best `keep` go on, longer and with more seeds. */
export interface Rung {
  /** Of the base's training examples, and so of its steps. */
  readonly share: number;
  readonly seeds: readonly number[];
  readonly keep: number;
  /** Validation examples that a trial is scored on. */
  readonly validation: number | 'all';
}

/** Families that are tuned together: one line of a tuning table each. */
export interface Tunable {
  readonly name: string;
  readonly families: readonly TunedFamily[];
  /** Rounds of successive halving; one of the whole length with one seed where left out. */
  readonly rungs?: readonly Rung[];
}

/** A study as it is declared: made for a tier. Later stages of one that has stages open by what is on disk. */
export interface Declared {
  (tier: Tier, results?: string): Study;
  readonly studyName: string;
}

/** What a declaration says of a study for a tier. */
export type Declaration = Omit<Study, 'name' | 'tier' | 'reference'> & Partial<Pick<Study, 'reference'>>;

/** A study under its name, which stands nowhere else. */
export function declared(
  studyName: string,
  declaration: (tier: Tier, results: string | undefined) => Declaration,
): Declared {
  const make = (tier: Tier, results?: string): Study => ({
    reference: 'full',
    ...declaration(tier, results),
    name: studyName,
    tier,
  });
  return Object.assign(make, { studyName });
}

/**
 * The variant of a method: the one that the study lists, else one of its own beside those, with the settings, tasks and
 * seeds that they have.
 */
export function variantOfMethod({ variants, also }: Study, written: string): Variant {
  const method = printMethod(parseMethod(written));
  const listed = variants.find(({ name }) => name === method);
  if (listed !== undefined) return listed;
  if (also !== undefined) return also(method);
  return { name: method, label: method, runs: (variants[0]?.runs ?? []).map((spec) => runSpec({ ...spec, method })) };
}

/** Those of a variant's runs whose seed every variant has: further seeds serve one comparison. */
export function sharedRuns({ variants }: Study, { runs }: Variant): readonly RunSpec[] {
  return runs.filter(({ seed }) => variants.every((other) => other.runs.some((run) => run.seed === seed)));
}

/** One method of a study with its runs. */
export interface Variant {
  /** Unique in the study; the written form of the method unless the study varies something else. */
  readonly name: string;
  /** What a reader sees. */
  readonly label: string;
  /** One for each task and seed. A run that several studies show is one spec, and trains once. */
  readonly runs: readonly RunSpec[];
}

/** Every run of the study, seeds of a variant beside each other: runs alike share compiled programs. */
export function plansOf(study: Study): readonly PlannedRun[] {
  return study.variants.flatMap(({ runs, label }) => runs.map((spec) => ({ spec, label })));
}

/** Tasks of a study, in order of first appearance. */
export function tasksOf(study: Study): readonly string[] {
  return [...new Set(plansOf(study).map(({ spec }) => spec.task))];
}

/** The family of a written method: `pa-ffn` of `pa-ffn:r=64,s=4`. */
export function familyOf(method: string): string {
  return method.split(':')[0] ?? method;
}
