import { UserError } from '../errors';
import type { TrainingJob } from './job';

/** Throws a UserError that names the first setting out of range, before anything is loaded. */
export function demandJob({ training, seed }: TrainingJob): void {
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
}

function counts(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function demand(name: string, value: number | string, holds: boolean, wanted: string): void {
  if (!holds) throw new UserError(`training.${name} is ${value}: give ${wanted}`);
}
