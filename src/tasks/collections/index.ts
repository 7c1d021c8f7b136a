import { UserError } from '../../errors';
import type { Collection } from './collection';
import { squadShifts } from './squad';
import { verses } from './verses';

/** One collection for each file of this folder. */
export const collections: readonly Collection[] = [verses, squadShifts];

/** The collection called `name`; an unknown name is a UserError that lists the known ones. */
export function collectionNamed(name: string): Collection {
  const found = collections.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  throw new UserError(`unknown collection "${name}": choose from ${collections.map((known) => known.name).join(', ')}`);
}
