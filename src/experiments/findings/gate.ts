import { UserError } from '../../errors';
import { generationBaselines } from '../../tasks/baselines';
import { printOf } from '../../tasks/fingerprint';
import { chrf } from '../../tasks/metrics/chrf';
import { generationData } from './baselines';
import { bootstrapInterval, bootstrapSettings, pairedBootstrap } from '../statistics/bootstrap';
import { compareWith } from '../statistics/compare';
import { isScoredAlike } from '../statistics/link';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import type { Interval } from '../statistics/statistics';
import { tasksOf, type Study } from '../studies/study';

/** How much better the fine-tuned base is than something else, in the statistic's unit; above 0 is better. */
export interface GateLine {
  readonly task: string;
  readonly against: string;
  readonly statistic: 'nats per token' | 'chrF, mean of texts';
  readonly gap: number;
  /** 95%, paired bootstrap over seeds and examples. */
  readonly interval: Interval;
  readonly seeds: number;
  readonly passed: boolean;
}

/**
 * Every comparison that a base must win: against random weights by likelihood, against copy and lead words by chrF of
 * each text.
 */
export async function gateLines(study: Study, results?: string): Promise<readonly GateLine[]> {
  const lines = await Promise.all(tasksOf(study).map((task) => linesOf(study, task, results)));
  return lines.flat();
}

async function linesOf(study: Study, task: string, results: string | undefined): Promise<readonly GateLine[]> {
  const base = recordsOfRuns(baseRuns(study, task), results);
  const random = compareWith(study, 'random', { results, pairs: isScoredAlike }).filter((found) => found.task === task);
  const against = random.map(({ gap, interval, seeds }): GateLine => ({
    task,
    against: 'random weights',
    statistic: 'nats per token',
    gap,
    interval,
    seeds,
    passed: interval.low > 0,
  }));
  return [...against, ...(base.length === 0 ? [] : await baselineLines(task, base))];
}

async function baselineLines(task: string, base: readonly RunRecord[]): Promise<readonly GateLine[]> {
  const written = base.flatMap(({ final }) => final.written ?? []);
  const data = await generationData(task, written[0]?.texts.length ?? 0);
  if (written.some(({ examples }) => examples.hash !== printOf(data.test).hash))
    throw new UserError(
      `the runs of ${task} were scored on other examples than those here: run them again with --again`,
    );
  const scores = (texts: readonly string[]): readonly number[] =>
    texts.map((text, i) => chrf([text], [data.test[i]?.target ?? '']));
  const ours = written.map(({ texts }) => scores(texts));
  return generationBaselines(data)
    .filter(({ name }) => name === 'copy' || name === 'lead')
    .map(({ name, outputs }): GateLine => {
      const theirs = scores(outputs);
      const found = pairedBootstrap(
        ours.map((row) => row.map((score, i) => score - (theirs[i] ?? NaN))),
        bootstrapSettings,
      );
      const interval = bootstrapInterval(found);
      return {
        task,
        against: name,
        statistic: 'chrF, mean of texts',
        gap: found.gap,
        interval,
        seeds: ours.length,
        passed: interval.low > 0,
      };
    });
}

/** Tasks whose every comparison is there, over every seed, and won. */
export function passedTasks(study: Study, lines: readonly GateLine[]): readonly string[] {
  return tasksOf(study).filter((task) => {
    const own = lines.filter((line) => line.task === task);
    return own.length === 3 && own.every(({ passed, seeds }) => passed && seeds === baseRuns(study, task).length);
  });
}

function baseRuns(study: Study, task: string): Study['variants'][number]['runs'] {
  return study.variants.find(({ name }) => name === 'base')?.runs.filter((spec) => spec.task === task) ?? [];
}
