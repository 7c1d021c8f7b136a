import { UserError } from '../errors';
import type { Method } from '../petl/design/types';
import type { Stage, TrainingJob, TrainingSettings } from './job';

/** Throws a UserError that names the first setting out of range, before anything is loaded. */
export function demandJob({ training, seed, method, keep }: TrainingJob): void {
  const { examples, epochs, batch, accumulation, maxLength, learningRate, dropout, labelSmoothing, scored } = training;
  const share = (value: number): boolean => value >= 0 && value < 1;
  demand('seed', seed, Number.isInteger(seed), 'a whole number');
  demand('examples', examples, examples === 'all' || counts(examples), "a whole number of at least 1, or 'all'");
  for (const [name, value] of Object.entries({ epochs, batch, accumulation, maxLength }))
    demand(name, value, counts(value), 'a whole number of at least 1');
  demand('learningRate', learningRate, learningRate >= 0 && Number.isFinite(learningRate), 'a number of at least 0');
  for (const [name, value] of Object.entries({ dropout, labelSmoothing }))
    demand(name, value, share(value), 'a share of at least 0 and below 1');
  for (const [name, value] of Object.entries(scored))
    demand(`scored.${name}`, value, value === 'all' || value === 0 || counts(value), "a whole number, or 'all'");
  if (training.before !== null) demandStage(training.before);
  if (training.before?.gives.kind === 'answers' && keep !== undefined)
    throw new UserError('a run that reads answers of an earlier pass keeps no adapter: it could not answer alone');
  if (training.stop !== null) demand('stop', training.stop, counts(training.stop), 'a whole number of at least 1');
  demandBest(training, method);
}

/** Throws a UserError where a best step is asked for that no validation could tell, or that the method has none of. */
export function demandBest({ best, stop, evaluations, scored }: TrainingSettings, method: Method): void {
  if (stop !== null && best === null)
    throw new UserError(`training.stop is ${stop} with no best: say by what, best: 'loss' or 'score'`);
  if (stop !== null)
    demand(
      'evaluations',
      evaluations,
      evaluations >= stop + 2,
      `at least ${stop + 2} for stop ${stop} to end training`,
    );
  if (best === null) return;
  if (method.lifecycle.kind === 'rankBudget')
    throw new UserError(`${method.name} has its ranks with the last step alone: leave best and stop out`);
  demand('evaluations', evaluations, evaluations >= 2, `at least 2 for best '${best}' to choose from`);
  demand('scored.validation', scored.validation, scored.validation !== 0, `at least 1 for best '${best}' to tell`);
}

function demandStage({ examples, epochs, learningRate, target, gives }: Stage): void {
  for (const [name, value] of Object.entries({ examples, epochs, target }))
    demand(`before.${name}`, value, counts(value), 'a whole number of at least 1');
  demand('before.learningRate', learningRate, learningRate > 0 && Number.isFinite(learningRate), 'a number above 0');
  if (gives.kind === 'tensors') return;
  demand('before.gives.count', gives.count, counts(gives.count), 'a whole number of at least 1');
  const { temperature } = gives;
  demand('before.gives.temperature', temperature, temperature > 0 && Number.isFinite(temperature), 'a number above 0');
}

function counts(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function demand(name: string, value: number | string, holds: boolean, wanted: string): void {
  if (!holds) throw new UserError(`training.${name} is ${value}: give ${wanted}`);
}
