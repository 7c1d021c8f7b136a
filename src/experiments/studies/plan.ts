import type { RunSpec } from '../store/spec';
import type { Study } from './study';

/** A line of the compute plan: what a block was given before anything ran. */
export interface PlanLine {
  readonly block: string;
  readonly configurations: number;
  readonly seeds: number;
  readonly steps: number;
  readonly batch: number;
  /** Estimated on two cores. */
  readonly minutes: number;
}

export const computePlan: readonly PlanLine[] = [
  { block: 'sentiment', configurations: 8, seeds: 5, steps: 300, batch: 32, minutes: 60 },
  { block: 'verse-paraphrase', configurations: 6, seeds: 5, steps: 300, batch: 32, minutes: 100 },
  { block: 'english-romanian', configurations: 30, seeds: 3, steps: 320, batch: 16, minutes: 145 },
  { block: 'synopsis', configurations: 34, seeds: 3, steps: 320, batch: 16, minutes: 160 },
];

/** About how long a full run of a study takes: its own time, or a share of its block's line. */
export function minutesOf({ study, task }: RunSpec, { name, minutes }: Study): number {
  const line = computePlan.find(({ block }) => block === task);
  if (minutes !== undefined && study === name) return minutes;
  return line === undefined ? 1 : line.minutes / (line.configurations * line.seeds);
}
