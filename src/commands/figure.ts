import { join } from 'node:path';
import { resultsFolder } from '../experiments/spec';
import type { RunRow } from '../experiments/rows';
import type { Study } from '../experiments/studies/study';
import { fullFineTuning } from '../experiments/words';
import { exportFigure } from '../plots/export';
import { parameterScore } from '../plots/parameter-score';
import { groupBy } from '../plots/summary';

/**
 * Writes a study's parameter-score figure, one for each of its tasks and models that has runs: to `results/figures`, those of tier
 * quick to `results/quick/figures`. Where nothing but full fine-tuning ran there is no point to draw. Returns the paths.
 */
export async function exportStudy({ name, tier, title }: Study, rows: readonly RunRow[]): Promise<readonly string[]> {
  const folder = tier === 'quick' ? join(resultsFolder(), 'quick', 'figures') : join(resultsFolder(), 'figures');
  const varying = (['task', 'model'] as const).filter((key) => new Set(rows.map((row) => row[key])).size > 1);
  const files: string[] = [];
  for (const [words, own] of groupBy(rows, (row) => varying.map((key) => row[key]).join(' '))) {
    if (own.every(({ form }) => form === fullFineTuning)) continue;
    const of = words === '' ? { name, title } : { name: `${name}-${words.replace(/ /g, '-')}`, title: `${title}: ${words}` };
    files.push(...await exportFigure(parameterScore(own, of), folder));
  }
  return files;
}
