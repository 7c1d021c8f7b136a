import { perplexity } from '../../tasks/metrics/perplexity';
import type { TextScores } from '../../tasks/baselines';
import { readBaselines } from './baselines';
import type { RunRecord } from '../store/record';
import { recordsOfRuns } from '../store/rows';
import { mean } from '../statistics/statistics';
import { tasksOf, type Study } from '../studies/study';

/** What a variant's runs wrote on one task, means over seeds; a baseline has neither method nor likelihood. */
export interface WrittenRow {
  readonly task: string;
  readonly label: string;
  /** Written form of the method; null for a baseline. */
  readonly method: string | null;
  readonly seeds: number;
  /** Nats per target token on test, and e to that. */
  readonly nll: number | null;
  readonly perplexity: number | null;
  readonly scores: TextScores;
  /** Share of the texts that reached the full length without an end. */
  readonly unfinished: number | null;
}

/** Every variant's texts on each task of a study, the baselines of the same examples before them. */
export function writtenRows(study: Study, results?: string): readonly WrittenRow[] {
  return tasksOf(study).flatMap((task) => {
    const rows = study.variants.flatMap(({ label, runs }) =>
      rowOf(
        task,
        label,
        recordsOfRuns(
          runs.filter((spec) => spec.task === task),
          results,
        ),
      ),
    );
    return rows.length === 0 ? [] : [...baselineRows(task, results), ...rows];
  });
}

function rowOf(task: string, label: string, records: readonly RunRecord[]): readonly WrittenRow[] {
  const written = records.flatMap(({ final }) => final.written ?? []);
  if (written.length === 0) return [];
  const average = (key: keyof TextScores): number => mean(written.map((one) => one[key]));
  return [
    {
      task,
      label,
      method: records[0]?.run.spec.method ?? '',
      seeds: records.length,
      nll: mean(records.map(({ final }) => final.score ?? NaN)),
      perplexity: mean(records.map(perplexityOf)),
      scores: {
        bleu: average('bleu'),
        chrf: average('chrf'),
        rouge1: average('rouge1'),
        rouge2: average('rouge2'),
        rougeL: average('rougeL'),
        rougeLsum: average('rougeLsum'),
      },
      unfinished: mean(written.map(({ unfinished, texts }) => unfinished / texts.length)),
    },
  ];
}

function perplexityOf({ final }: RunRecord): number {
  const each = mean(final.tokens);
  return perplexity(
    final.perExample.map((part) => part * each),
    final.tokens,
  );
}

function baselineRows(task: string, results: string | undefined): readonly WrittenRow[] {
  return (readBaselines(task, results)?.rows ?? []).map(({ name, scores }) => ({
    task,
    label: name,
    method: null,
    seeds: 1,
    nll: null,
    perplexity: null,
    scores,
    unfinished: null,
  }));
}
