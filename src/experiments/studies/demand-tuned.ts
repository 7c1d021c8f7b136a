import { UserError } from '../../errors';
import { readTuning } from '../tuned';
import { blocks } from './blocks';
import { plansOf, type Study } from './study';

/** A full run at a rate that nobody tuned would compare nothing fairly: a UserError that names the command. The quick tier may. */
export function demandTuned(study: Study): void {
  if (study.tier === 'quick') return;
  const tasks = new Set(plansOf(study).map(({ spec }) => spec.task));
  const missing = new Set(blocks.filter(({ task, tuning }) => tasks.has(task) && readTuning(tuning) === undefined).map(({ tuning }) => tuning));
  if (missing.size === 0) return;
  throw new UserError(`study ${study.name} has no tuned learning rates yet: run ${[...missing].map((name) => `npx petl tune ${name}`).join(' and ')} first`);
}
