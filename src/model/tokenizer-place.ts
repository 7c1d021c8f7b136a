import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { hubName } from './hub';
import { models, placed } from './registry';

/** Refuses a model whose folder has no tokenizer, of which nothing else is read; one that is not here yet is not looked at. */
export function demandTokenizerThere(model: string): void {
  if (hubName(model) !== undefined || models.some(({ name }) => name === model)) return;
  const folder = placed(model);
  const isThere = (file: string): boolean => existsSync(join(folder, file));
  if (isThere('config.json') && !isThere('tokenizer.json')) throw noTokenizer(model);
}

/** What is said of a model without one. */
export function noTokenizer(model: string): UserError {
  return new UserError(`model "${model}" has no tokenizer.json: put the model's own beside its weights`);
}
