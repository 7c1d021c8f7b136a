import { UserError } from '../../errors';
import { classification } from './classification';
import { generation } from './generation';
import type { TaskKind } from './kind';
import { mixtures } from './mixture';
import { multiLabel } from './multi-label';
import { regression } from './regression';
import { span } from './span';

/** One kind of task for each file of this folder. */
const taskKinds: readonly TaskKind[] = [classification, regression, multiLabel, span, generation, mixtures];

/** The kind called `name`; an unknown name is a UserError that lists the known ones. */
export function kindNamed(name: string): TaskKind {
  const kind = taskKinds.find((candidate) => candidate.name === name);
  if (kind !== undefined) return kind;
  throw new UserError(`unknown kind of task "${name}": choose from ${taskKinds.map((known) => known.name).join(', ')}`);
}
