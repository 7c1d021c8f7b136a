import { crossed, crossedInterval } from '../statistics/crossed';
import { isScoredAlike } from '../statistics/link';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import type { RunSpec } from '../store/spec';
import { runsOf, type Configuration } from '../studies/block';
import { encoderSettings } from '../studies/settings';
import type { Setting } from '../studies/setting';
import type { GateLine, LabelRival } from './gate';
import { readLabelBaselines } from './label-baselines';

/**
 * What full fine-tuning of an encoder must beat on a task with labels, each as a share of right answers: the most
 * frequent label, a linear model of words, and a head on the frozen model, where the setting has one. On a task with
 * answers that are spans, by F1: the sliding window and such a head.
 */
export function labelGateLines(results?: string): readonly GateLine[] {
  return encoderSettings.flatMap((one) => linesOf(one, results));
}

function linesOf({ block, configurations }: Setting<'full'>, results: string | undefined): readonly GateLine[] {
  const specs = (config: Configuration | undefined): readonly RunSpec[] =>
    config === undefined ? [] : runsOf(block, config, 'full');
  const all: Readonly<Partial<Record<string, Configuration>>> = configurations();
  const base = recordsOfRuns(specs(all['full']), results);
  if (base.length < 2) return [];
  const lineOf = (
    against: LabelRival,
    theirs: (run: RunRecord) => readonly number[] | undefined,
  ): readonly GateLine[] => {
    const gaps = base.flatMap((run) => {
      const other = theirs(run);
      return other === undefined ? [] : [run.final.perExample.map((value, i) => value - (other[i] ?? NaN))];
    });
    if (gaps.length < 2) return [];
    const found = crossed(gaps);
    const interval = crossedInterval(found);
    const { task, model } = block;
    const statistic = base[0]?.final.metric === 'span-f1' ? 'F1 of answers' : 'right answers';
    return [
      { task, model, against, statistic, gap: found.gap, interval, seeds: gaps.length, passed: interval.low > 0 },
    ];
  };
  const heads = recordsOfRuns(specs(all['head']), results);
  const answers = readLabelBaselines(block.task, results);
  // both are prints of the examples; `tests` of a run is one of their names
  const rows = (name: 'majority' | 'words') => (run: RunRecord) =>
    answers !== undefined && answers.examples.hash === run.final.data?.test.hash
      ? answers.rows.find((row) => row.name === name)?.right
      : undefined;
  return [
    ...lineOf('majority', rows('majority')),
    ...lineOf('words', rows('words')),
    ...lineOf('frozen features', (run) => heads.find((other) => isScoredAlike(run, other))?.final.perExample),
  ];
}
