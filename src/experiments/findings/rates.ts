import type { RunRecord } from '../store/record';
import type { TuningTable } from '../tuning/tuned';
import { at, type Precondition } from './precondition';

/**
 * Each side's rate is its own: tuned for that very method on that task and model, over as many steps as it runs and two
 * seeds, with the best inside the grid. What a stage before the run trained had a rate that was found for it, too.
 */
export function tuned(runs: readonly RunRecord[], tables: readonly TuningTable[]): Precondition {
  const methods = new Map(
    runs.map((record) => {
      const { method, training } = record.run.spec;
      return [`${method} ${teacherOf(record)} ${training.learningRate}`, record];
    }),
  );
  const faults = [...methods.values()].flatMap((record) => {
    const { spec } = record.run;
    if (!isStageTuned(record, tables))
      return [`the stage before ${spec.method} was trained at a rate that nobody tuned`];
    const own = tables.filter(({ task, model }) => task === spec.task && model === spec.model);
    own.sort((a, b) => Number(b.study === spec.study) - Number(a.study === spec.study)); // its own setting's first
    // one method may be tuned more than once, such as with a stage before it and without
    const alike = own
      .flatMap(({ families }) => families)
      .filter(({ method, teacher = '' }) => method === spec.method && teacher === teacherOf(record));
    const found = alike.find(({ chosen }) => chosen === spec.training.learningRate) ?? alike[0];
    if (found === undefined) return [`${spec.method} has no rate of its own`];
    const rates = found.trials.map(({ rate }) => rate);
    if (found.chosen !== spec.training.learningRate) return [`${spec.method} was run at another rate than its best`];
    if (found.steps === undefined || found.steps < record.final.steps)
      return [`${spec.method} was tuned on fewer steps`];
    if (found.seeds === undefined || found.seeds < 2) return [`${spec.method} was tuned with one seed`];
    const isEdge = found.chosen === Math.min(...rates) || found.chosen === Math.max(...rates);
    return isEdge ? [`${spec.method}'s best rate lies on the edge of its grid`] : [];
  });
  return at('rates', faults.length === 0, faults.join('; ') || 'each its own, inside its grid');
}

/** Whether some table chose the rate of the stage before a run, for its method on its task and this model. */
function isStageTuned({ run }: RunRecord, tables: readonly TuningTable[]): boolean {
  const { model, training } = run.spec;
  const { before } = training;
  if (before === null) return true;
  return tables
    .filter((table) => table.model === model && table.task === before.task)
    .flatMap(({ families }) => families)
    .some(({ method, chosen }) => method === before.method && chosen === before.learningRate);
}

const teacherOf = ({ run }: RunRecord): string => run.spec.training.teacher ?? '';
