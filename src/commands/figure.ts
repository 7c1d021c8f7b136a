import { join } from 'node:path';
import { resultsFolder } from '../experiments/spec';
import type { RunRow } from '../experiments/rows';
import type { Study } from '../experiments/studies/study';
import { exportFigure } from '../plots/export';
import { parameterScore } from '../plots/parameter-score';

/** Writes a study's parameter-score figure: to `results/figures`, those of tier quick to `results/quick/figures`. Returns the paths. */
export async function exportStudy({ name, tier, title }: Study, rows: readonly RunRow[]): Promise<readonly string[]> {
  const folder = tier === 'quick' ? join(resultsFolder(), 'quick', 'figures') : join(resultsFolder(), 'figures');
  return await exportFigure(parameterScore(rows, { name, title }), folder);
}
