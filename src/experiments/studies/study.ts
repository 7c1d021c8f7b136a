import type { PlannedRun } from '../runner/execute';
import type { RunSpec, Tier } from '../store/spec';

/** A set of runs that shows one idea: variants that differ in one thing, each with its seeds. */
export interface Study {
  readonly name: string;
  readonly tier: Tier;
  /** One line. */
  readonly title: string;
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
}

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
