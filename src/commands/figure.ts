import { plansOf, type Study } from '../experiments/studies/study';
import { exportFigure } from '../plots/export';
import { parameterScore } from '../plots/parameter-score';
import { groupBy } from '../plots/summary';
import { figuresFolder } from './paths';
import { type RunRow, fullFineTuning } from '../rows';

/**
 * Writes a study's parameter-score figure, one for each of its tasks and models that has runs: to `results/figures`,
 * those of tier
 * quick to `results/quick/figures`. Where nothing but full fine-tuning ran there is no point to draw. Returns the
 * paths.
 */
export async function exportStudy(
  study: Study,
  rows: readonly RunRow[],
  folder: string = figuresFolder(study.tier),
): Promise<readonly string[]> {
  const { name, title } = study;
  const keys = keysOf(study);
  const files: string[] = [];
  for (const own of groupBy(rows, (row) => `${row.task} ${row.model}`).values()) {
    if (own.every(({ form }) => form === fullFineTuning)) continue;
    const words = keys.map((key) => own[0]?.[key]);
    const of =
      words.length === 0
        ? { name, title }
        : { name: [name, ...words].join('-'), title: `${title}: ${words.join(', ')}` };
    files.push(...(await exportFigure(parameterScore(own, of), folder)));
  }
  return files;
}

/**
 * What tells the figures of a study apart, however far it has come: its task, and its model where one task has several.
 */
function keysOf(study: Study): readonly ('task' | 'model')[] {
  const specs = plansOf(study).map(({ spec }) => spec);
  const tasks = new Set(specs.map(({ task }) => task)).size;
  const pairs = new Set(specs.map(({ task, model }) => `${task} ${model}`)).size;
  return [...(tasks > 1 ? ['task' as const] : []), ...(pairs > tasks ? ['model' as const] : [])];
}
