import { UserError } from '../../errors';
import type { RunSpec } from '../store/spec';
import { readTuning } from '../tuning/tuned';
import { randomFamily, randomOf } from './base-gate';
import { blocks } from './blocks';
import { plansOf, type Study } from './study';
import { settings } from './settings';
import { trendBlocks } from './trends';
import { tunableNamed } from './tunables';

/**
 * A full run at a rate that nobody tuned would compare nothing fairly: a UserError that names the command. The quick
 * tier may.
 */
export function demandTuned(study: Study): void {
  if (study.tier === 'quick' || study.source === 'own') return;
  const missing = new Set(plansOf(study).flatMap(({ spec }) => untuned(spec)));
  if (missing.size === 0) return;
  throw new UserError(
    `study ${study.name} has no tuned learning rates yet: run ${[...missing].map((name) => `npx petl tune ${name}`).join(' and ')} first`,
  );
}

/**
 * The table that lacks this run's rate. Families that no table tunes, such as other points of the design space, take
 * the middle of their range.
 */
function untuned({ study, model, task, method }: RunSpec): readonly string[] {
  const all = [...blocks, ...settings.map((one) => one.block)].filter((one) => one.task === task);
  const block =
    trendBlocks.find((one) => one.name === study && one.model === model) ??
    all.find(({ name }) => name === study) ??
    all.find((one) => one.model === model) ??
    all.find((one) => randomOf(one.model) === model);
  if (block === undefined) return [];
  const [name, family] =
    model !== block.model ? ['base-gate', randomFamily(block.name)] : [block.tuning, block.familyOf(method)];
  const table = readTuning(name);
  if (table?.families.some((entry) => entry.family === family) === true) return [];
  return table === undefined || tunableNamed(name).families.some((entry) => entry.name === family) ? [name] : [];
}
