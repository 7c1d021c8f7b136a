import { UserError } from '../../errors';
import type { Tier } from '../spec';
import { existingMethods } from './existing-methods';
import type { Study } from './study';

/** Every study by name; a study is made for a tier. */
export const studies: Readonly<Record<string, (tier: Tier) => Study>> = {
  'existing-methods': existingMethods,
};

/** The study called `name`; an unknown name is a UserError that lists the known ones. */
export function studyNamed(name: string, tier: Tier): Study {
  const make = Object.hasOwn(studies, name) ? studies[name] : undefined;
  if (make) return make(tier);
  throw new UserError(`unknown study "${name}": choose from ${Object.keys(studies).join(', ')}`);
}
