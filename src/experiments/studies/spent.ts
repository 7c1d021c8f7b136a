import { believed } from '../store/damage';
import { readStudyFolder } from '../store/read';
import { studies } from './index';
import { plansOf } from './study';
import { tunables } from './tunables';
import { readTuning } from '../tuning/tuned';

/** What was run under one name, and what it took. */
export interface Spent {
  /** Folder of `results`, or table of `data/tuning`. */
  readonly name: string;
  readonly kind: 'runs' | 'trials';
  readonly count: number;
  /** Summed over the runs, data, training and scoring; runs go side by side where their study is not timed. */
  readonly hours: number;
}

/**
 * The compute behind the committed results: full runs by folder, trials of learning rates by table. Nothing for what
 * was not run.
 */
export function spent(results?: string): readonly Spent[] {
  const folders = new Set(
    Object.values(studies).flatMap((make) => plansOf(make('full')).map(({ spec }) => spec.study)),
  );
  const runs = [...folders].map((name) =>
    spentOn(
      name,
      'runs',
      readStudyFolder(name, 'full', results)
        .flatMap(believed)
        .map(({ final }) => final.seconds),
    ),
  );
  const trials = Object.keys(tunables).map((name) =>
    spentOn(
      name,
      'trials',
      (readTuning(name)?.families ?? []).flatMap((family) =>
        family.trials.flatMap(({ seconds, seeds = 1 }) => Array.from({ length: seeds }, () => seconds / seeds)),
      ),
    ),
  );
  return [...runs, ...trials].filter(({ count }) => count > 0);
}

function spentOn(name: string, kind: Spent['kind'], seconds: readonly number[]): Spent {
  return { name, kind, count: seconds.length, hours: seconds.reduce((sum, each) => sum + each, 0) / 3600 };
}
