import { parseMethod } from '../../petl/design/written';
import { believed } from './damage';
import type { RunRecord } from './record';
import { readRun, readStudyFolder } from './read';
import { runId, runPath, type RunSpec, type Tier } from './spec';
import type { RunRow } from '../../rows';
import type { Study } from '../studies/study';
import { compositionOf, formOf, insertionOf, siteOf } from './words';

/**
 * Every finished run of a study on disk, in file-name order; tuning trials, which have no test score, are not among
 * them.
 */
export function readRows(study: string, tier: Tier, results?: string): readonly RunRow[] {
  return readStudyFolder(study, tier, results).flatMap(believed).flatMap(rowOf);
}

/** The finished ones of these runs, in their order: what a figure of a study as it stands today may show. */
export function rowsOfRuns(specs: readonly RunSpec[], results?: string): readonly RunRow[] {
  return recordsOfRuns(specs, results).flatMap(rowOf);
}

/**
 * Every finished run of a study as it stands today, in its order and under its own labels: other studies may show the
 * same runs.
 */
export function rowsOfStudy({ variants }: Study, results?: string): readonly RunRow[] {
  return variants.flatMap(({ runs, label }) => rowsOfRuns(runs, results).map((row) => ({ ...row, label })));
}

/** The records of those runs that are finished, in the order of the specs. @param results folder of result files */
export function recordsOfRuns(specs: readonly RunSpec[], results?: string): readonly RunRecord[] {
  return specs.flatMap((spec) => believed(readRun(runPath(spec, results))));
}

/** No row for a run without a test score. */
export function rowOf({ run, final }: RunRecord): readonly RunRow[] {
  if (final.score === null) return [];
  const { spec, counts, label } = run;
  const method = parseMethod(spec.method);
  return [
    {
      study: spec.study,
      tier: spec.tier,
      method: spec.method,
      label,
      form: formOf(method),
      site: siteOf(method),
      insertion: insertionOf(method),
      composition: compositionOf(method),
      task: spec.task,
      model: spec.model,
      seed: spec.seed,
      ...counts,
      share: shareOf(counts),
      score: final.score,
      metric: final.metric,
      seconds: final.seconds,
      peakMb: final.peakMb,
      run: runId(spec),
    },
  ];
}

/** Trained elements in % of the backbone. */
export function shareOf(counts: { readonly trained: number; readonly backbone: number }): number {
  return (100 * counts.trained) / counts.backbone;
}
