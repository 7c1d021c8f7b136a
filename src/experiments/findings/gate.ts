import { generationBaselines } from '../../tasks/baselines';
import { writtenTask, type GenerationTask } from '../../tasks/generation';
import { chrf } from '../../tasks/metrics/chrf';
import { taskNamed } from '../../tasks/registry';
import { crossed, crossedInterval } from '../statistics/crossed';
import { isScoredAlike } from '../statistics/link';
import type { Interval } from '../statistics/statistics';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import { randomOf } from '../studies/base-gate';
import type { Study } from '../studies/study';
import {
  isExact,
  learnedData,
  rightOf,
  runsOf,
  scoredOf,
  settingsOf,
  writtenOf,
  type GateSetting,
  type Learned,
} from './gate-data';
import { isAnswer, majorityAnswer } from './majority';

/** What full fine-tuning of a base must beat before anything is compared on a task: the first two have likelihoods. */
export const rivals = ['untuned base', 'random weights', 'copy', 'lead', 'nearest example'] as const;
export type Rival = (typeof rivals)[number];

/** The same on a task with labels: see `labelGateLines`. */
export const labelRivals = ['majority', 'words', 'frozen features'] as const;
export type LabelRival = (typeof labelRivals)[number];

/** What must be beaten where runs are scored so: of answers that are spans none is the most frequent. */
export function rivalsOf(metric: string): readonly (Rival | LabelRival)[] {
  if (metric === 'nll') return rivals;
  if (isExact(metric)) return [...rivals, 'majority'];
  return metric === 'span-f1' ? labelRivals.filter((name) => name !== 'majority') : labelRivals;
}

/** How much better the fine-tuned base is than something else, in the statistic's unit; above 0 is better. */
export interface GateLine extends GateSetting {
  readonly against: Rival | LabelRival;
  readonly statistic: 'nats per token' | 'chrF, mean of texts' | 'right answers' | 'F1 of answers';
  readonly gap: number;
  /** 95%, seeds and examples as crossed effects. */
  readonly interval: Interval;
  readonly seeds: number;
  readonly passed: boolean;
}

/**
 * Every comparison that a base must win: the untuned base and the same network trained from random weights by
 * likelihood and by chrF of each text; copying, lead words and the nearest example of the same training set by chrF.
 * Where the score is exact match all of them, and always giving the most frequent answer, by right answers.
 */
export async function gateLines(study: Study, results?: string): Promise<readonly GateLine[]> {
  const lines = await Promise.all(settingsOf(study).map((setting) => linesOf(study, setting, results)));
  return lines.flat();
}

async function linesOf(study: Study, setting: GateSetting, results: string | undefined): Promise<readonly GateLine[]> {
  const recordsOf = (variant: string, model: string): readonly RunRecord[] =>
    recordsOfRuns(
      runsOf(study, variant).filter((spec) => spec.task === setting.task && spec.model === model),
      results,
    );
  const base = recordsOf('base', setting.model);
  if (base.length < 2) return [];
  const learned = await learnedData(setting.task, base);
  const data = writtenOf(learned, setting.task, base);
  const task = writtenTask(taskNamed(setting.task));
  const references = data.test.map(({ target }) => target);
  const exact = isExact(task.metric);
  const texts = (outputs: readonly string[]): readonly number[] =>
    outputs.map((text, i) => {
      const reference = references[i] ?? '';
      return exact ? Number(isAnswer(task, text, reference)) : chrf([text], [reference]);
    });
  const ours = base.map(({ final }) => texts(final.written?.texts ?? []));
  const lineOf = lineMaker(setting);
  const runs = [
    ...rivalLines(base, ours, sameForEach(base, recordsOf('untuned', setting.model)), {
      ...{ against: 'untuned base', lineOf, texts, exact },
    }),
    ...rivalLines(base, ours, recordsOf('random', randomOf(setting.model)), {
      ...{ against: 'random weights', lineOf, texts, exact },
    }),
  ];
  const names = { copy: 'copy', lead: 'lead', nearest: 'nearest example' } as const;
  const answers = generationBaselines(data).flatMap(({ name, outputs }) => {
    const theirs = texts(outputs);
    const gaps = ours.map((row) => row.map((score, i) => score - (theirs[i] ?? NaN)));
    return name === 'oracle' ? [] : [lineOf(names[name], exact ? 'right answers' : 'chrF, mean of texts', gaps)];
  });
  return [
    ...runs,
    ...answers,
    ...(exact ? [lineOf('majority', 'right answers', overMajority(task, learned, base))] : []),
  ];
}

/** By how much each seed's answers are right more often than the most frequent one. */
function overMajority(
  task: GenerationTask,
  { train, test }: Learned,
  base: readonly RunRecord[],
): readonly (readonly number[])[] {
  const { right } = majorityAnswer(task, { train, test: test.slice(0, scoredOf(base[0])) });
  const places = new Set(right);
  return base.map((run) => rightOf(run).map((value, place) => value - Number(places.has(place))));
}

type LineOf = (
  against: Rival | 'majority',
  statistic: GateLine['statistic'],
  gaps: readonly (readonly number[])[],
) => GateLine;

/** @returns a function of differences `[seed][example]` */
function lineMaker(setting: GateSetting): LineOf {
  return (against, statistic, gaps) => {
    const found = crossed(gaps);
    const interval = crossedInterval(found);
    return { ...setting, against, statistic, gap: found.gap, interval, seeds: gaps.length, passed: interval.low > 0 };
  };
}

interface RivalSettings {
  readonly against: Rival;
  readonly lineOf: LineOf;
  readonly texts: (outputs: readonly string[]) => readonly number[];
  /** The score is whether a text is the target: the one statistic then. */
  readonly exact: boolean;
}

/** The run of a model that no seed changes, beside each seed of ours. */
function sameForEach(base: readonly RunRecord[], [only]: readonly RunRecord[]): readonly RunRecord[] {
  if (only === undefined) return [];
  return base.map(({ run: { spec } }) => ({
    ...only,
    run: { ...only.run, spec: { ...only.run.spec, seed: spec.seed } },
  }));
}

/** Each of our seeds against the same seed of theirs. */
function rivalLines(
  base: readonly RunRecord[],
  ours: readonly (readonly number[])[],
  theirs: readonly RunRecord[],
  { against, lineOf, texts, exact }: RivalSettings,
): readonly GateLine[] {
  const pairs = base.flatMap((run, place) => {
    const other = theirs.find((one) => isScoredAlike(run, one));
    return other === undefined ? [] : [{ run, other, written: ours[place] ?? [] }];
  });
  if (pairs.length < 2) return [];
  if (exact) {
    const right = pairs.map(({ run, other }) =>
      rightOf(run).map((value, i) => value - (other.final.perExample[i] ?? NaN)),
    );
    return [lineOf(against, 'right answers', right)];
  }
  const nats = pairs.map(({ run, other }) =>
    run.final.perExample.map((value, i) => (other.final.perExample[i] ?? NaN) - value),
  );
  const chrfs = pairs.map(({ other, written }) => {
    const scores = texts(other.final.written?.texts ?? []);
    return written.map((value, i) => value - (scores[i] ?? NaN));
  });
  return [lineOf(against, 'nats per token', nats), lineOf(against, 'chrF, mean of texts', chrfs)];
}

/** Whether every comparison of a setting is there, over every seed of the base, and won. */
export function isPassed(study: Study, setting: GateSetting, lines: readonly GateLine[]): boolean {
  const { task, model } = setting;
  const { metric } = taskNamed(task);
  const expected = rivalsOf(metric).length + (isExact(metric) ? 0 : 2);
  const own = lines.filter((line) => line.task === task && line.model === model);
  const seeds = runsOf(study, 'base').filter((spec) => spec.task === task && spec.model === model).length;
  return own.length === expected && own.every((line) => line.passed && line.seeds === seeds);
}
