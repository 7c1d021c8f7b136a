import { join } from 'node:path';
import { resultsFolder } from '../experiments/spec';
import type { RunRow } from '../experiments/rows';
import { tasksOf, type Study } from '../experiments/studies/study';
import { exportFigure } from '../plots/export';
import { parameterScore } from '../plots/parameter-score';

/**
 * Writes a study's parameter-score figure, one for each of its tasks that has runs: to `results/figures`, those of tier quick to
 * `results/quick/figures`. Returns the paths.
 */
export async function exportStudy(study: Study, rows: readonly RunRow[]): Promise<readonly string[]> {
  const { name, tier, title } = study;
  const folder = tier === 'quick' ? join(resultsFolder(), 'quick', 'figures') : join(resultsFolder(), 'figures');
  const tasks = tasksOf(study);
  const files: string[] = [];
  for (const task of tasks) {
    const own = rows.filter((row) => row.task === task);
    const of = tasks.length === 1 ? { name, title } : { name: `${name}-${task}`, title: `${title}: ${task}` };
    if (own.length > 0) files.push(...await exportFigure(parameterScore(own, of), folder));
  }
  return files;
}
